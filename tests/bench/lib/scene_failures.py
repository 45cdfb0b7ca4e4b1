"""A child that is deleted, a leader that goes, calls that fail, an API server that is away."""
import signal
import threading
import time

from apps import Apps, Edits, Progress, name_of
from figures import percentile
from kube import Watch
from operators import free_lease
from proxy import proxy
from say import Failed, step

COUNT = 20
REPAIRS = 20
FAILING_COUNT = 50
FAILING_PERCENT = 10
# A kubelet's pauses before it starts a container again.
RESTART_PAUSES = (0, 10, 20, 40, 80)
SCENE = "failures"


class Returns:
    """When a Service of a name is there again, as another object."""

    def __init__(self, apps):
        self._changed = threading.Condition()
        self._made = {}
        self._watch = Watch(apps.api, apps.children("services"), self._tell)

    def _tell(self, kind, thing):
        if kind == "ADDED":
            with self._changed:
                self._made[thing["metadata"]["name"]] = time.monotonic()
                self._changed.notify_all()

    def since(self, name, begun):
        with self._changed:
            if not self._changed.wait_for(lambda: self._made.get(name, 0) > begun, 60):
                raise Failed(f"Service {name} is not made again within 60 s")
            return self._made[name] - begun

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._watch.stop()


def settled(bench, kind, operator, count=COUNT, name="failures"):
    apps = Apps(bench.api, f"bench-{name}-{kind}", count)
    with Progress(apps) as progress:
        apps.create()
        progress.wait_ready()
    operator.wait_idle()
    return apps


def repair(bench, kind, apps):
    latencies = []
    with Returns(apps) as returns:
        for turn in range(REPAIRS):
            name = name_of(turn % apps.count)
            begun = time.monotonic()
            bench.api.must("DELETE", f"{apps.children('services')}/{name}")
            latencies.append(returns.since(name, begun))
            time.sleep(0.3)
    bench.add(SCENE, "deleted child until it is made again, p50", "ms", kind, percentile(latencies, 0.5) * 1000)
    bench.add(SCENE, "deleted child until it is made again, most", "ms", kind, max(latencies) * 1000)


def takeover(bench, kind, apps, number, row):
    """The leader gets a signal; the standby's first write for an edit that comes right after."""
    free_lease(bench.api)
    leader = bench.start(kind)
    leader.wait(leader.leading, 60, "does not lead")
    standby = bench.start(kind)
    try:
        standby.wait_ready()
        leader.wait_idle()
        time.sleep(3)  # the standby has seen the Lease at least once
        if standby.leading():
            raise Failed(f"{kind}: two leaders at once")
        with Edits(apps) as edits:
            begun = time.monotonic()
            leader.end(number)
            gone = time.monotonic()
            key = edits.ask(0)
            bench.add(SCENE, row, "s", kind, gone - begun + edits.latency(key))
    finally:
        leader.end(signal.SIGKILL)
        standby.end()


def run_leaders(bench):
    for kind in bench.turns():
        with step(f"failover: {kind}: repair of a deleted child"), bench.running(kind) as operator:
            apps = settled(bench, kind, operator)
            repair(bench, kind, apps)
        for turn in range(3):
            with step(f"failover: {kind}: SIGTERM {turn + 1} of 3"):
                takeover(bench, kind, apps, signal.SIGTERM, "standby writes after the leader's SIGTERM")
        for turn in range(2):
            with step(f"failover: {kind}: SIGKILL {turn + 1} of 2"):
                takeover(bench, kind, apps, signal.SIGKILL, "standby writes after the leader's SIGKILL")
        apps.remove()


def failing(bench, kind, gate):
    apps = Apps(bench.api, f"bench-failing-{kind}", FAILING_COUNT)
    with bench.running(kind, gate.kubeconfig) as operator:
        gate.order("reset")
        gate.order(f"fail?percent={FAILING_PERCENT}")
        try:
            with Progress(apps) as progress:
                begun = apps.create()
                row = f"{FAILING_PERCENT} % of calls fail: {FAILING_COUNT} apps"
                bench.add(SCENE, f"{row} with children and status", "s", kind, progress.wait_status() - begun)
                bench.add(SCENE, f"{row} Ready", "s", kind, progress.wait_ready() - begun)
            operator.wait_idle(quiet=5)
            apps.check_children()
            bench.add(SCENE, f"{row}, calls", "per app", kind, sum(gate.requests().values()) / FAILING_COUNT)
        finally:
            gate.order("fail?percent=0")
    apps.remove()


class Supervised:
    """An operator that is started again when it ends, as a kubelet does it."""

    def __init__(self, bench, kind, kubeconfig):
        self.restarts = 0
        self._make = lambda: bench.start(kind, kubeconfig)
        self._over = threading.Event()
        self.operator = self._make()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self):
        while not self._over.wait(0.05):
            if self.operator.alive():
                continue
            if self._over.wait(RESTART_PAUSES[min(self.restarts, len(RESTART_PAUSES) - 1)]):
                return
            self.restarts += 1
            self.operator = self._make()

    def end(self):
        """What the thread started ends with it: the kernel takes the thread for its parent."""
        self._over.set()
        self._thread.join()
        self.operator.end()


def outage(bench, kind, gate):
    seconds = bench.options["outage"]
    free_lease(bench.api)
    supervised = Supervised(bench, kind, gate.kubeconfig)
    try:
        operator = supervised.operator
        operator.wait(operator.leading, 60, "does not lead")
        apps = settled(bench, kind, operator, name="outage")
        time.sleep(2)
        with Edits(apps) as edits:
            gate.order("reset")
            gate.order("outage?on=true")
            time.sleep(seconds / 2)
            key = edits.ask(3)
            time.sleep(seconds / 2)
            tries = gate.stats()["refused"]
            gate.order("outage?on=false")
            back = time.monotonic()
            edits.latency(key)
            row = f"API server away for {seconds} s"
            bench.add(SCENE, f"{row}: until an edit made meanwhile is written", "s", kind, time.monotonic() - back)
            bench.add(SCENE, f"{row}: connections tried meanwhile", "", kind, tries)
            bench.add(SCENE, f"{row}: ended and was started again", "", kind, supervised.restarts)
    finally:
        gate.order("outage?on=false")
        supervised.end()
    apps.remove()


def run_faults(bench):
    with proxy(bench) as gate:
        for kind in bench.turns():
            with step(f"faults: {kind}: {FAILING_PERCENT} % of calls fail"):
                failing(bench, kind, gate)
        for kind in bench.turns():
            with step(f"faults: {kind}: no API server for {bench.options['outage']} s"):
                outage(bench, kind, gate)
