"""ScalableApps by the hundred: made, edited, counted and taken away."""
import concurrent.futures
import itertools
import threading
import time

from kube import MERGE, Watch
from say import Failed

CREATORS = 8
# Values of edits: never the same twice, or there would be nothing to do.
_edits = itertools.count(2000)
APPS = "/apis/scalableapp.dev/v1alpha1"
KINDS = {"services": "/api/v1", "deployments": "/apis/apps/v1", "poddisruptionbudgets": "/apis/policy/v1",
         "horizontalpodautoscalers": "/apis/autoscaling/v2"}


def name_of(index):
    return f"app-{index:05d}"


def is_autoscaled(index):
    return index % 10 == 9


def app(index, pods=2):
    """Nine in ten have a fixed number of pods, one in ten an autoscaler: every kind of child is there."""
    web = {"image": "shop:1", "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
           "env": [{"name": "APP", "value": name_of(index)}, {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "shop", "key": "token"}}}]}
    if is_autoscaled(index) and pods:
        web["autoscaling"] = {"minReplicas": pods, "maxReplicas": pods + 2}
    else:
        web["replicas"] = pods
    return {"apiVersion": "scalableapp.dev/v1alpha1", "kind": "ScalableApp", "metadata": {"name": name_of(index)}, "spec": {"web": web}}


class Apps:
    """The ScalableApps of one namespace."""

    def __init__(self, api, namespace, count, pods=2):
        self.api, self.namespace, self.count, self.pods = api, namespace, count, pods
        self.path = f"{APPS}/namespaces/{namespace}/scalableapps"
        api.must("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}}, allow=(409,))

    def each(self, act):
        with concurrent.futures.ThreadPoolExecutor(CREATORS) as pool:
            for _ in pool.map(act, range(self.count)):
                pass

    def create(self):
        """When the first one was asked for."""
        begun = time.monotonic()
        self.each(lambda index: self.api.must("POST", self.path, app(index, self.pods)))
        return begun

    def edit(self, index, body):
        self.api.must("PATCH", f"{self.path}/{name_of(index)}", body, MERGE)

    def touch(self, mark):
        """A change of every app that asks for nothing."""
        self.each(lambda index: self.edit(index, {"metadata": {"annotations": {"bench/touched": mark}}}))

    def check_children(self):
        """Every child that is asked for is there."""
        autoscaled = sum(is_autoscaled(index) and self.pods > 0 for index in range(self.count))
        wanted = {"services": self.count, "deployments": self.count,
                  "poddisruptionbudgets": self.count if self.pods > 1 else 0, "horizontalpodautoscalers": autoscaled}
        for kind, number in wanted.items():
            found = len(self.api.names(self.children(kind)))
            if found != number:
                raise Failed(f"{self.namespace}: {found} {kind} instead of {number}")

    def children(self, kind):
        return f"{KINDS[kind]}/namespaces/{self.namespace}/{kind}"

    def remove(self, bound=300):
        """Takes the namespace away and waits until nothing of it is left."""
        self.api.must("DELETE", f"/api/v1/namespaces/{self.namespace}", allow=(404, 409))
        deadline = time.monotonic() + bound
        while self.api.request("GET", f"/api/v1/namespaces/{self.namespace}")[0] != 404:
            if time.monotonic() > deadline:
                raise Failed(f"namespace {self.namespace} is not gone after {bound} s")
            time.sleep(0.2)


class Progress:
    """Follows the status of apps: when all had one, and when all were Ready."""

    def __init__(self, apps):
        self._apps = apps
        self._with_status, self._ready = set(), set()
        self._changed = threading.Condition()
        self.status_at = self.ready_at = None
        self._watch = Watch(apps.api, apps.path, self._tell)

    def _tell(self, _, thing):
        status, name = thing.get("status", {}), thing["metadata"]["name"]
        if status.get("observedGeneration", 0) < thing["metadata"]["generation"]:
            return
        conditions = {item["type"]: item["status"] for item in status.get("conditions", [])}
        with self._changed:
            self._with_status.add(name)
            if len(self._with_status) == self._apps.count and self.status_at is None:
                self.status_at = time.monotonic()
            (self._ready.add if conditions.get("Ready") == "True" else self._ready.discard)(name)
            if len(self._ready) == self._apps.count and self.ready_at is None:
                self.ready_at = time.monotonic()
            self._changed.notify_all()

    def _wait(self, holds, bound, what):
        with self._changed:
            if not self._changed.wait_for(holds, bound):
                raise Failed(f"{self._apps.namespace}: only {len(self._with_status)} of {self._apps.count} apps have a status, "
                             f"{len(self._ready)} are Ready, after {bound} s: {what}")

    def wait_status(self, bound=600):
        self._wait(lambda: self.status_at is not None, bound, "not all have a status")
        return self.status_at

    def wait_ready(self, bound=900):
        self._wait(lambda: self.ready_at is not None, bound, "not all get Ready")
        return self.ready_at

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._watch.stop()


class Edits:
    """Edits of apps, and how long after each its child carries it: `progressDeadlineSeconds`, which the Deployment
    has as it is and which starts no rollout."""

    def __init__(self, apps):
        self._apps = apps
        self._asked, self._arrived = {}, {}
        self._changed = threading.Condition()
        self._watch = Watch(apps.api, apps.children("deployments"), self._tell)

    def _tell(self, _, thing):
        name, value = thing["metadata"]["name"], thing["spec"].get("progressDeadlineSeconds")
        with self._changed:
            self._arrived.setdefault(name, {}).setdefault(value, time.monotonic())
            self._changed.notify_all()

    def ask(self, index):
        """Edits one app; the key to ask for its latency. Counted from the API server's answer."""
        value = next(_edits)
        key = (name_of(index) + "-web", value)
        self._apps.edit(index, {"spec": {"progressDeadlineSeconds": value}})
        self._asked[key] = time.monotonic()
        return key

    def _arrival(self, key):
        """Of this edit or of a later one of the same app: two in a row may become one write."""
        times = [at for value, at in self._arrived.get(key[0], {}).items() if value >= key[1]]
        return min(times) if times else None

    def latency(self, key, bound=120):
        """Seconds; an event may overtake the answer to the edit by a little."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._arrival(key) is not None, bound):
                raise Failed(f"{self._apps.namespace}: an edit of {key[0]} did not reach its Deployment within {bound} s")
            return max(0.0, self._arrival(key) - self._asked[key])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._watch.stop()
