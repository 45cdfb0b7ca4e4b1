"""A cluster full of other people's objects."""
import concurrent.futures
import time

from apps import CREATORS
from bench import resident
from say import step

NAMESPACE = "bench-foreign"
SIZE = 1024


def fill(bench, count):
    api = bench.api
    api.must("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    text = "x" * SIZE

    def make(index):
        name = {"metadata": {"name": f"foreign-{index:05d}"}}
        api.must("POST", f"/api/v1/namespaces/{NAMESPACE}/secrets", {**name, "stringData": {"key": text}})
        api.must("POST", f"/api/v1/namespaces/{NAMESPACE}/configmaps", {**name, "data": {"key": text}})

    with concurrent.futures.ThreadPoolExecutor(CREATORS) as pool:
        for _ in pool.map(make, range(count)):
            pass


def run(bench):
    count = bench.options["foreign"]
    with step(f"foreign: making {count} Secrets and {count} ConfigMaps"):
        fill(bench, count)
    for kind in bench.turns():
        with step(f"foreign: {kind}"), bench.running(kind) as operator:
            time.sleep(15)
            scene = f"{count:,} foreign Secrets and ConfigMaps"
            bench.add(scene, "memory", "MiB", kind, resident(operator, 5), ("value", 40))
            bench.add(scene, "peak memory", "MiB", kind, operator.peak())
