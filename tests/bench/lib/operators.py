"""The two operators as processes: how they are started, and what the kernel and they themselves say of them."""
import collections
import ctypes
import itertools
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request

from say import Failed

TICKS = os.sysconf("SC_CLK_TCK")
LEASE_NAMESPACE = "bench-operators"
OURS, PEER = "ours", "peer"
_ports = itertools.count(18100, 2)
_libc = ctypes.CDLL(None)


def die_with_parent():
    """Whatever ends the benchmark ends what it started."""
    _libc.prctl(1, signal.SIGKILL)


class Process:
    """A child process, with its log in a file."""

    def __init__(self, name, command, folder, env=None):
        self.name = name
        self.log = os.path.join(folder, f"{name}-{time.time():.3f}.log")
        with open(self.log, "wb") as out:
            self.begun = time.monotonic()
            self._child = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                                           env=env, preexec_fn=die_with_parent)
        self.pid = self._child.pid

    def alive(self):
        return self._child.poll() is None

    def end(self, number=signal.SIGTERM, bound=40):
        """Seconds that it took."""
        begun = time.monotonic()
        if self.alive():
            self._child.send_signal(number)
        try:
            self._child.wait(bound)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
            raise Failed(f"{self.name} does not end within {bound} s; its log is {self.log}") from None
        return time.monotonic() - begun

    def _status(self, field):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            for line in status:
                if line.startswith(field + ":"):
                    return int(line.split()[1]) / 1024
        return 0.0

    def rss(self):
        """MiB resident now."""
        return self._status("VmRSS")

    def peak(self):
        """MiB resident at most so far."""
        return self._status("VmHWM")

    def cpu(self):
        """Seconds of processor time so far."""
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


def get(url, timeout=5):
    """(status, text); status 0 when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


class Operator(Process):
    """One of the two, with its metrics."""

    def __init__(self, kind, binaries, kubeconfig, folder, workers, transport):
        self.kind = kind
        port = next(_ports)
        self.metrics_url = f"http://127.0.0.1:{port}/metrics"
        if kind == OURS:
            self.ready_url = f"http://127.0.0.1:{port}/readyz"
            command = [binaries[OURS], "--kubeconfig", kubeconfig, "--listen", f"127.0.0.1:{port}"]
        else:
            self.ready_url = f"http://127.0.0.1:{port + 1}/readyz"
            command = [binaries[PEER], "--kubeconfig", kubeconfig, "--metrics-bind-address", f"127.0.0.1:{port}",
                       "--health-probe-bind-address", f"127.0.0.1:{port + 1}"]
        command += ["--workers", str(workers), "--lease-namespace", LEASE_NAMESPACE]
        super().__init__(kind, command, folder, {"PATH": "/usr/bin:/bin", "HOME": folder, "KUBE_TRANSPORT": transport})

    def ready(self):
        return get(self.ready_url)[0] == 200

    def wait_ready(self, bound=60):
        """Seconds from its start until /readyz says yes: its caches are complete."""
        return self.wait(self.ready, bound, "does not get ready")

    def wait(self, holds, bound, what, pause=0.005):
        while not holds():
            if not self.alive():
                raise Failed(f"{self.name} has ended by itself; its log is {self.log}")
            if time.monotonic() - self.begun > bound:
                raise Failed(f"{self.name} {what} within {bound} s; its log is {self.log}")
            time.sleep(pause)
        return time.monotonic() - self.begun

    def metrics(self):
        """Sums by name, and by name{label=value} for each label."""
        out = collections.Counter()
        for line in get(self.metrics_url, 20)[1].splitlines():
            match = re.match(r"([a-z_]+)(?:\{(.*)\})? ([-+0-9.eE]+)$", line)
            if match:
                out[match[1]] += float(match[3])
                for label in re.findall(r'([a-z_]+="[^"]*")', match[2] or ""):
                    out[f"{match[1]}{{{label}}}"] += float(match[3])
        return out

    def reconciles(self):
        return int(self.metrics()["controller_runtime_reconcile_total"])

    def writes(self):
        """Mutating calls so far, the Lease's and Events' included."""
        counts = self.metrics()
        return {method: int(counts[f'rest_client_requests_total{{method="{method}"}}'])
                for method in ("GET", "POST", "PUT", "PATCH", "DELETE")}

    def leading(self):
        return self.metrics()["leader_election_master_status"] >= 1

    def wait_idle(self, bound=120, quiet=3.0):
        """Until no reconcile has ended for `quiet` seconds: the time at which the last one was seen. Asked seldom:
        what an operator says of a thousand applications costs it as much as some reconciles."""
        last, seen = time.monotonic(), self.reconciles()
        deadline = time.monotonic() + bound
        while time.monotonic() - last < quiet:
            if time.monotonic() > deadline:
                raise Failed(f"{self.name} still reconciles after {bound} s; its log is {self.log}")
            time.sleep(1.0)
            now = self.reconciles()
            if now != seen:
                last, seen = time.monotonic(), now
        return last


def free_lease(api):
    """Nobody's lease is waited out, except where that is what is measured."""
    for name in ("scalableapp-operator", "scalableapp-peer"):
        api.must("DELETE", f"/apis/coordination.k8s.io/v1/namespaces/{LEASE_NAMESPACE}/leases/{name}", allow=(404,))
