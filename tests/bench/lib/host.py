"""What is done outside of the cluster: building both operators, checking the peer, raising and removing the cluster."""
import json
import os
import platform
import re
import signal
import subprocess
import sys
import threading

from operators import OURS, PEER, die_with_parent
from say import Failed, say, step

HERE = os.path.dirname(os.path.realpath(__file__))
TREE = os.path.realpath(os.path.join(HERE, "../../.."))
BUILD = os.path.join(TREE, "build/bench")
CLUSTER = os.path.join(TREE, "tests/cluster/cluster")
GO = os.path.join(HERE, "go")
BINARIES = {OURS: f"{BUILD}/operator/scalableapp-operator", PEER: f"{BUILD}/peer", "proxy": f"{BUILD}/proxy"}


def command(what, *words, log, **more):
    """Runs it with its output in `log`; the end of that is what a failure says."""
    with step(what), open(log, "ab") as out:
        code = subprocess.run(words, stdout=out, stderr=out, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent, check=False, **more).returncode
    if code != 0:
        with open(log, encoding="utf-8", errors="replace") as text:
            tail = "".join(text.readlines()[-20:])
        raise Failed(f"{what}: exit code {code}\n{tail}")


def go(what, folder, *words, log, **more):
    command(what, GO, os.path.join(TREE, "tests/bench", folder), *words, log=log, **more)


def build(folder):
    log = os.path.join(folder, "build.log")
    command("build: configuring the operator's release build", "cmake", "--preset", "release", "-B", BUILD, "-S", TREE, log=log, cwd=TREE)
    command("build: the operator", "ninja", "-C", BUILD, "scalableapp-operator", "kubectl-scalableapp", log=log)
    for module in ("peer", "proxy"):
        go(f"build: the {module}", module, "build", "-trimpath", "-ldflags=-s -w", "-o", BINARIES[module], ".", log=log)


def need_binaries():
    for path in BINARIES.values():
        if not os.path.exists(path):
            raise Failed(f"{path} is not built: leave --no-build away")


def check(folder):
    """The Go code is clean, and the peer plans what the operator plans."""
    log = os.path.join(folder, "check.log")
    command("check: the benchmark's own judgement", sys.executable, "-B", "-m", "unittest", "discover", "-s", HERE, log=log)
    for module in ("peer", "proxy"):
        go(f"check: go vet, {module}", module, "vet", "./...", log=log)
    go("check: the proxy", "proxy", "test", "./...", log=log)
    go("check: the peer plans the same objects", "peer", "test", "-count=1", "./...", log=log,
       env={**os.environ, "KUBECTL_SCALABLEAPP": f"{BUILD}/operator/kubectl-scalableapp"})


def peer_does(manifest):
    """Whether the peer does all that the manifest's spec asks for: zones, and what stands in front of the web tier, it does not."""
    spec = manifest.split("\nspec:\n", 1)[1]
    return set(re.findall(r"^  (\w+):", spec, re.MULTILINE)) <= {"management", "progressDeadlineSeconds", "web"}


def cases():
    """Manifests that both must make the same of."""
    out = []
    for part in ("examples/stages", "tests/bench/cases"):
        path = os.path.join(TREE, part)
        for name in sorted(name for name in os.listdir(path) if name.endswith(".yaml")):
            with open(os.path.join(path, name), encoding="utf-8") as file:
                if peer_does(file.read()):
                    out.append(os.path.join(path, name))
    return out


def sizes(figures, folder):
    """MiB of the binary, and of an image that holds it and what it loads."""
    for kind in (OURS, PEER):
        image = os.path.join(folder, f"{kind}.tar")
        name = os.path.basename(BINARIES[kind])
        command(f"size: an image of {kind}", sys.executable, os.path.join(TREE, "tests/cluster/image"), "--strip", "--name", f"{kind}:1",
                "--entrypoint", f"/usr/bin/{name}", "--out", image, BINARIES[kind], log=os.path.join(folder, "image.log"))
        figures.add("size", "binary", "MiB", kind, os.path.getsize(BINARIES[kind]) / 2**20)
        figures.add("size", "image with what it loads", "MiB", kind, os.path.getsize(image) / 2**20)
        os.remove(image)


class Raised:
    """The local cluster, from here to the end of the block."""

    def __init__(self, folder):
        self._log = os.path.join(folder, "cluster.log")

    def __enter__(self):
        if subprocess.run([CLUSTER, "status"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0:
            raise Failed("a cluster is up that this command did not raise: tests/cluster/cluster down")
        try:
            command("cluster: up, simulated nodes", CLUSTER, "up", "--profile", "scale", log=self._log)
            definition = os.path.join(TREE, "crds/scalableapps.yaml")
            command("cluster: the definition", CLUSTER, "kubectl", "apply", "--server-side", "-f", definition, log=self._log)
            command("cluster: waiting for the definition", CLUSTER, "kubectl", "wait", "--for=condition=Established",
                    "crd/scalableapps.scalableapp.dev", "--timeout=30s", log=self._log)
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        # Not to be interrupted: what was begun is taken back.
        before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        try:
            command("cluster: down", CLUSTER, "down", log=self._log)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def inside(steps, options, figures, folder):
    """Runs scenes in the cluster's network; what they measured before a failure is kept."""
    order, answer = os.path.join(folder, "order.json"), os.path.join(folder, "answer.json")
    with open(order, "w", encoding="utf-8") as out:
        json.dump({"folder": folder, "options": options, "steps": steps, "answer": answer}, out)
    child = subprocess.Popen([CLUSTER, "exec", "--", sys.executable, "-B", os.path.join(HERE, "inside.py"), order],
                             stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)
    try:
        code = child.wait()
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
        if os.path.exists(answer):
            with open(answer, encoding="utf-8") as stored:
                figures.merge(json.load(stored))
            os.remove(answer)
    if code != 0:
        raise Failed(f"the measurement ended early; logs are in {folder}")


def describe():
    """Date, machine and versions, for the record."""
    def first(words):
        return subprocess.run(words, capture_output=True, text=True, check=False, cwd=TREE).stdout.strip()

    with open("/proc/cpuinfo", encoding="utf-8") as info:
        model = re.search(r"model name\s*: (.*)", info.read())
    with open(os.path.join(HERE, "../peer/go.mod"), encoding="utf-8") as module:
        peer = re.search(r"sigs.k8s.io/controller-runtime (\S+)", module.read())[1]
    with open(os.path.join(TREE, "tests/cluster/lib/plan.sh"), encoding="utf-8") as plan:
        versions = dict(re.findall(r"^(KUBERNETES_VERSION|GO_VERSION)=(\S+)", plan.read(), re.MULTILINE))
    return {"date": first(["date", "-u", "+%Y-%m-%d %H:%M UTC"]), "commit": first(["git", "rev-parse", "--short", "HEAD"]),
            "machine": f"{os.cpu_count()} × {model[1] if model else platform.machine()}, Linux {platform.release()}",
            "kubernetes": versions["KUBERNETES_VERSION"], "go": versions["GO_VERSION"], "controller-runtime": peer,
            "compiler": first(["g++", "-dumpfullversion"]), "load": os.getloadavg()[0]}


def on_signals():
    """A signal ends the main thread as an exception, so that everything begun is taken back."""
    def leave(number, _):
        raise Failed(f"ended by {signal.Signals(number).name}; what was begun is taken back")

    assert threading.current_thread() is threading.main_thread()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)


def summary(lines):
    missed = [line for line in lines if line["verdict"].startswith("MISSED")]
    for line in missed:
        say(f"not reached: {line['scene']}: {line['row']} {line['verdict']}")
    return missed
