"""What every scene works with."""
import contextlib
import statistics
import time

from kube import operator_kubeconfig
from operators import OURS, PEER, Operator, free_lease


class Bench:
    """`folder` is for logs, `private` for keys and tokens."""

    def __init__(self, api, folder, private, options, figures):
        self.api, self.folder, self.private, self.options, self.figures = api, folder, private, options, figures
        self.kubeconfig = operator_kubeconfig(api, private)

    def start(self, kind, kubeconfig=None):
        """Starts an operator; nothing is awaited."""
        return Operator(kind, self.options["binaries"], kubeconfig or self.kubeconfig, self.folder, self.options["workers"],
                        self.options["transport"])

    @contextlib.contextmanager
    def running(self, kind, kubeconfig=None):
        """An operator that leads, until the block ends."""
        free_lease(self.api)
        operator = self.start(kind, kubeconfig)
        try:
            operator.wait(operator.leading, 60, "does not lead")
            yield operator
        finally:
            operator.end()

    def add(self, scene, row, unit, kind, value, bound=None):
        self.figures.add(scene, row, unit, kind, value, bound)

    def turns(self):
        """Both operators, `repeat` times, in changing order."""
        for turn in range(self.options["repeat"]):
            yield from (OURS, PEER) if turn % 2 == 0 else (PEER, OURS)


def resident(operator, seconds=5.0):
    """MiB, the median over some seconds: a garbage collector makes it go up and down."""
    samples = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        samples.append(operator.rss())
        time.sleep(0.1)
    return statistics.median(samples)
