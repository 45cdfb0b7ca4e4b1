"""N ScalableApps: until they are there, what that costs, at rest, after a restart, and edits meanwhile."""
import time

from apps import Apps, Edits, Progress
from bench import resident
from figures import percentile
from operators import free_lease
from say import Failed, step

REST_SECONDS = 30
EDITS = 60
FLOOD = 300
# Seconds between two looks at an operator's metrics: what they cost is not to be measured.
SELDOM = 0.1


def converge(bench, kind, apps, operator, scene):
    before = operator.cpu()
    with Progress(apps) as progress:
        begun = apps.create()
        bench.add(scene, "apps with children and status", "s", kind, progress.wait_status() - begun, ("ratio", 1.0))
        bench.add(scene, "apps Ready", "s", kind, progress.wait_ready() - begun)
    operator.wait_idle()
    apps.check_children()
    spent, reconciles = operator.cpu() - before, operator.reconciles()
    bench.add(scene, "reconciles per app", "", kind, reconciles / apps.count)
    bench.add(scene, "processor per app, until Ready", "ms", kind, spent / apps.count * 1000)
    bench.add(scene, "processor per reconcile, until Ready", "ms", kind, spent / reconciles * 1000, ("ratio", 1 / 3))


def rest(bench, kind, operator, scene):
    calls, spent, begun = operator.writes(), operator.cpu(), time.monotonic()
    time.sleep(REST_SECONDS)
    minutes = (time.monotonic() - begun) / 60
    bench.add(scene, "processor at rest", "ms/min", kind, (operator.cpu() - spent) / minutes * 1000)
    after = operator.writes()
    # PUT is the Lease's renewal alone.
    bench.add(scene, "mutating calls at rest", f"in {REST_SECONDS} s", kind,
              sum(after[verb] - calls[verb] for verb in ("POST", "PATCH", "DELETE")), ("value", 0))


def touch(bench, kind, apps, operator, scene):
    spent, reconciles, calls = operator.cpu(), operator.reconciles(), operator.writes()
    apps.touch(f"{time.time()}")
    operator.wait_idle()
    done = operator.reconciles() - reconciles
    if done < apps.count:
        raise Failed(f"{kind}: only {done} reconciles of {apps.count} touched apps")
    bench.add(scene, "writes although nothing was asked for", "", kind, operator.writes()["PATCH"] - calls["PATCH"], ("value", 0))
    bench.add(scene, "processor per reconcile, nothing to do", "ms", kind, (operator.cpu() - spent) / done * 1000, ("ratio", 1 / 3))


def restart(bench, kind, apps, scene):
    free_lease(bench.api)
    operator = bench.start(kind)
    try:
        bench.add(scene, "restart until caches are complete", "s", kind, operator.wait_ready(), ("ratio", 1 / 2))
        operator.wait(lambda: operator.reconciles() >= apps.count, 180, "does not look at every app again", SELDOM)
        bench.add(scene, "restart until every app was looked at", "s", kind, time.monotonic() - operator.begun)
        bench.add(scene, "restart, processor until then", "s", kind, operator.cpu())
        operator.wait_idle()
        bench.add(scene, "restart, peak memory", "MiB", kind, operator.peak())
        bench.add(scene, "restart, writes although nothing had changed", "", kind, operator.writes()["PATCH"], ("value", 0))
    finally:
        operator.end()


def edits_at_rest(bench, kind, apps, scene):
    latencies = []
    with Edits(apps) as edits:
        for turn in range(EDITS):
            latencies.append(edits.latency(edits.ask(turn % apps.count)))
            time.sleep(0.15)  # past what the last edit's own echo sets off
    add_latencies(bench, scene, "edit at rest", kind, latencies)


def add_latencies(bench, scene, row, kind, latencies):
    bench.add(scene, f"{row} until its write, p50", "ms", kind, percentile(latencies, 0.5) * 1000)
    bench.add(scene, f"{row} until its write, p99", "ms", kind, percentile(latencies, 0.99) * 1000)


def edits_in_flood(bench, kind, apps, scene):
    """The operator starts and finds new apps to make; people's edits of old ones should not wait behind them."""
    flood = Apps(bench.api, f"{apps.namespace}-flood", min(FLOOD, apps.count), pods=0)
    flood.create()
    free_lease(bench.api)
    keys = []
    with Edits(apps) as edits, Progress(flood) as progress:
        operator = bench.start(kind)
        try:
            operator.wait(operator.leading, 60, "does not lead")
            while progress.status_at is None and len(keys) < 400:
                keys.append(edits.ask(len(keys) % apps.count))
                time.sleep(0.03)
            progress.wait_status()
            latencies = [edits.latency(key) for key in keys]
        finally:
            operator.end()
    if latencies:
        add_latencies(bench, scene, "edit in a start-up flood", kind, latencies)
    flood.remove()


def run(bench, count, kind):
    scene = f"{count:,} apps"
    apps = Apps(bench.api, f"bench-{count}-{kind}", count)
    with bench.running(kind) as operator:
        time.sleep(3)
        with step(f"scale: {count} apps, {kind}: until they are Ready"):
            converge(bench, kind, apps, operator, scene)
        with step(f"scale: {count} apps, {kind}: at rest"):
            time.sleep(10)
            bench.add(scene, "memory", "MiB", kind, resident(operator, 10), ("ratio", 1 / 5) if count >= 1000 else None)
            bench.add(scene, "peak memory", "MiB", kind, operator.peak())
            rest(bench, kind, operator, scene)
        with step(f"scale: {count} apps, {kind}: every app touched"):
            touch(bench, kind, apps, operator, scene)
        with step(f"scale: {count} apps, {kind}: {EDITS} edits"):
            edits_at_rest(bench, kind, apps, scene)
            operator.wait_idle()
    for turn in range(3):
        with step(f"scale: {count} apps, {kind}: restart {turn + 1} of 3"):
            restart(bench, kind, apps, scene)
    with step(f"scale: {count} apps, {kind}: edits in a start-up flood"):
        edits_in_flood(bench, kind, apps, scene)
    return apps


def add_slope(figures, counts):
    """Memory by which 1,000 more apps cost: from the smallest number of apps to the largest."""
    few, many = min(counts), max(counts)
    if few == many:
        return
    for kind in ("ours", "peer"):
        values = [figures.median(f"{count:,} apps", "memory", kind) for count in (few, many)]
        if None not in values:
            figures.add(f"{many:,} apps", "memory per 1,000 more apps", "MiB", kind, (values[1] - values[0]) / (many - few) * 1000, ("ratio", 1 / 5))
