"""Start, and nothing to do."""
import threading
import time

from apps import Apps
from bench import resident
from kube import Watch
from operators import free_lease
from say import Failed, step

STARTS = 5
SCENE = "start and rest"


def first_write(bench, kind, turn):
    """Seconds from the start of the process until its caches are complete, and until an app's first child is there."""
    apps = Apps(bench.api, f"bench-start-{kind}-{turn}", 1, pods=0)
    apps.create()
    made = threading.Event()
    free_lease(bench.api)
    with Watch(bench.api, apps.children("services"), lambda *_: made.set()):
        operator = bench.start(kind)
        try:
            ready = operator.wait_ready()
            if not made.wait(60):
                raise Failed(f"{kind} made nothing within 60 s; its log is {operator.log}")
            written = time.monotonic() - operator.begun
        finally:
            operator.end()
    apps.remove()
    return ready, written


def run(bench):
    for turn in range(STARTS):
        for kind in bench.turns():
            with step(f"idle: start {turn + 1} of {STARTS}, {kind}"):
                ready, written = first_write(bench, kind, turn)
            bench.add(SCENE, "start until caches are complete", "s", kind, ready)
            bench.add(SCENE, "start until the first write", "s", kind, written)
    for kind in bench.turns():
        with step(f"idle: {kind} at rest"), bench.running(kind) as operator:
            time.sleep(15)
            before, begun = operator.cpu(), time.monotonic()
            memory = resident(operator, 15)
            bench.add(SCENE, "memory, no app", "MiB", kind, memory, ("value", 25))
            bench.add(SCENE, "processor at rest, no app", "ms/min", kind, (operator.cpu() - before) / (time.monotonic() - begun) * 60000)
