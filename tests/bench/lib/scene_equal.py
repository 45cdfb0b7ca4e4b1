"""Both operators make the same objects and the same status, or the whole benchmark is void."""
import json
import re
import subprocess
import time

from apps import APPS, KINDS, Apps
from operators import OURS, PEER
from say import Failed, step

NAMESPACE = "bench-equal"


def without(object_, *fields):
    return {key: value for key, value in object_.items() if key not in fields}


def essence(child):
    """Without what no two objects have in common: identities, times, versions, allocated addresses."""
    metadata = child["metadata"]
    owners = [without(owner, "uid") for owner in metadata.get("ownerReferences", [])]
    # The fingerprint of an intent is each operator's own; that it is there is not. The other one marks what ours needs
    # to resize pods in place, which the peer does not do.
    annotations = {key: "is set" if key == "scalableapp.dev/intent-hash" else value
                   for key, value in metadata.get("annotations", {}).items() if key != "scalableapp.dev/template-digest"}
    return {"name": metadata["name"], "labels": metadata.get("labels"), "annotations": annotations, "owners": owners,
            "spec": without(child["spec"], "clusterIP", "clusterIPs")}


def essence_of_status(status):
    text = json.dumps(status, sort_keys=True)
    text = re.sub(r'"lastTransitionTime": "[^"]*"', '"lastTransitionTime": "T"', text)
    return json.loads(re.sub(r"since \d\d:\d\d:\d\dZ", "since T", text))


def snapshot(api, namespaces):
    out = {}
    for namespace in namespaces:
        for kind, group in KINDS.items():
            for item in api.must("GET", f"{group}/namespaces/{namespace}/{kind}")["items"]:
                out[f"{namespace} {kind} {item['metadata']['name']}"] = essence(item)
        for item in api.must("GET", f"{APPS}/namespaces/{namespace}/scalableapps")["items"]:
            out[f"{namespace} status of {item['metadata']['name']}"] = essence_of_status(item.get("status", {}))
    return out


def is_ready(app):
    return any(item["type"] == "Ready" and item["status"] == "True" for item in app.get("status", {}).get("conditions", []))


def settled(bench, operator, made, bound=240):
    """The snapshot once it stands: every app that can get Ready is (an autoscaler takes its time), and for longer than
    an autoscaler's period nothing has changed."""
    sound = [apps.namespace for apps, file in zip(made[1:], bench.options["cases"]) if "/examples/" in file] + [NAMESPACE]
    deadline = time.monotonic() + bound
    last = None
    while True:
        operator.wait_idle(quiet=6)
        listed = [app for namespace in sound for app in bench.api.must("GET", f"{APPS}/namespaces/{namespace}/scalableapps")["items"]]
        now = snapshot(bench.api, [apps.namespace for apps in made])
        if now == last and all(is_ready(app) for app in listed):
            return now
        if time.monotonic() > deadline:
            names = [f"{app['metadata']['namespace']}/{app['metadata']['name']}" for app in listed if not is_ready(app)]
            raise Failed(f"{operator.name}: what it made does not come to rest within {bound} s; not Ready: {', '.join(names) or 'none'}")
        last = now


def first_difference(ours, peer):
    for key in sorted(ours.keys() | peer.keys()):
        if ours.get(key) != peer.get(key):
            return f"{key}\n  ours: {json.dumps(ours.get(key), sort_keys=True)}\n  peer: {json.dumps(peer.get(key), sort_keys=True)}"
    return None


def make(bench, files):
    """Ten ordinary apps, and each manifest in a namespace of its own."""
    made = [Apps(bench.api, NAMESPACE, 10)]
    made[0].create()
    for index, file in enumerate(files):
        made.append(Apps(bench.api, f"{NAMESPACE}-{index}", 0))
        subprocess.run(["kubectl", "create", "-n", made[-1].namespace, "-f", file], check=True, capture_output=True, text=True)
    return made


def run(bench):
    seen = {}
    for kind in (OURS, PEER):
        with step(f"equal: what {kind} makes of {10 + len(bench.options['cases'])} apps"), bench.running(kind) as operator:
            made = make(bench, bench.options["cases"])
            seen[kind] = settled(bench, operator, made)
            for apps in made:
                apps.remove()
    difference = first_difference(seen[OURS], seen[PEER])
    if difference:
        raise Failed(f"the two operators do not do the same: {difference}")
    bench.add("the same work", "objects and statuses compared", "", OURS, len(seen[OURS]))
    bench.add("the same work", "objects and statuses compared", "", PEER, len(seen[PEER]))
