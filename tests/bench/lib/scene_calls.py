"""API calls per app by verb: on create, on a change, at rest; counted by a proxy."""
import collections
import time

from apps import Apps, Progress
from proxy import proxy
from say import Failed, step

COUNT = 20
REST_SECONDS = 60
SCENE = "API calls"


def by_verb(requests):
    out = collections.Counter()
    for what, count in requests.items():
        verb, resource = what.split(" ", 1)
        out["status" if resource.endswith("/status") else verb] += count
    return out


def add(bench, kind, what, requests):
    verbs = by_verb(requests)
    for verb in ("get", "apply", "patch", "status", "list", "create", "update", "delete"):
        if verbs[verb]:
            bench.add(SCENE, f"{what}: {verb}", "per app", kind, verbs[verb] / COUNT)
    bench.add(SCENE, f"{what}: all", "per app", kind, sum(count for verb, count in verbs.items() if verb not in ("watch", "discover")) / COUNT)


def measure(bench, kind, gate):
    apps = Apps(bench.api, f"bench-calls-{kind}", COUNT)
    with bench.running(kind, gate.kubeconfig) as operator:
        operator.wait_ready()
        time.sleep(2)
        gate.order("reset")
        with Progress(apps) as progress:
            apps.create()
            progress.wait_ready()
        operator.wait_idle(quiet=5)
        add(bench, kind, "create", gate.requests())
        gate.order("reset")
        apps.each(lambda index: apps.edit(index, {"spec": {"progressDeadlineSeconds": 1234}}))
        operator.wait_idle(quiet=5)
        add(bench, kind, "change", gate.requests())
        gate.order("reset")
        time.sleep(REST_SECONDS)
        add_rest(bench, kind, gate)
    apps.remove()


def add_rest(bench, kind, gate):
    requests = gate.requests()
    verbs = by_verb(requests)
    bench.add(SCENE, "at rest: mutating, Leases apart", f"in {REST_SECONDS} s", kind,
              sum(verbs[verb] for verb in ("apply", "patch", "status", "create", "update", "delete")), ("value", 0))
    bench.add(SCENE, "at rest: get and list", f"in {REST_SECONDS} s", kind, verbs["get"] + verbs["list"], ("value", 0))
    watches = {what: count for what, count in gate.stats()["open"].items() if what.startswith("watch ")}
    if any(count != 1 for count in watches.values()):
        raise Failed(f"{kind} has more than one watch of a type: {watches}")
    bench.add(SCENE, "at rest: open watches, one a type", "", kind, len(watches), ("value", 8))


def run(bench):
    with proxy(bench) as gate:
        for kind in bench.turns():
            with step(f"calls: {COUNT} apps, {kind}"):
                measure(bench, kind, gate)
