"""The proxy between an operator and the API server: counts, and makes calls fail."""
import contextlib
import json
import os
import time
import urllib.request

from kube import operator_kubeconfig
from operators import Process, get
from say import Failed

LISTEN, CONTROL = "127.0.0.1:17443", "127.0.0.1:17080"


class Proxy:
    def __init__(self, bench):
        ca = os.path.join(bench.private, "proxy-ca.crt")
        api = bench.api
        self.process = Process("proxy", [
            bench.options["binaries"]["proxy"], "-listen", LISTEN, "-control", CONTROL, "-upstream", api.server,
            "-upstream-ca", api.ca, "-client-cert", api.cert, "-client-key", api.key, "-ca-out", ca], bench.folder)
        deadline = time.monotonic() + 20
        while get(f"http://{CONTROL}/stats")[0] != 200:
            if time.monotonic() > deadline or not self.process.alive():
                raise Failed(f"the proxy does not start; its log is {self.process.log}")
            time.sleep(0.05)
        self.kubeconfig = operator_kubeconfig(api, bench.private, f"https://{LISTEN}", ca)

    @staticmethod
    def order(path):
        with urllib.request.urlopen(urllib.request.Request(f"http://{CONTROL}/{path}", method="POST"), timeout=5):
            pass

    @staticmethod
    def stats():
        return json.loads(get(f"http://{CONTROL}/stats")[1])

    def requests(self):
        """By verb and resource since the last reset, without what runs on time and not on work: Leases and Events."""
        return {what: count for what, count in self.stats()["requests"].items() if "leases" not in what and "events" not in what}


@contextlib.contextmanager
def proxy(bench):
    it = Proxy(bench)
    try:
        yield it
    finally:
        it.process.end()
