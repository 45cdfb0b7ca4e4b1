"""One progress line per step with the seconds since the beginning, and one at least each ten seconds."""
import contextlib
import os
import threading
import time

BEGUN = float(os.environ.setdefault("BENCH_BEGUN", str(time.time())))
_lock = threading.Lock()
_last = time.monotonic()


class Failed(Exception):
    """The benchmark cannot go on, or a check of it does not hold: one line for the reader."""


def say(text):
    global _last
    with _lock:
        _last = time.monotonic()
        print(f"[{time.time() - BEGUN:6.1f} s] {text}", flush=True)


@contextlib.contextmanager
def step(text):
    """Says what begins, and every ten silent seconds that it still goes on."""
    say(text)
    done = threading.Event()

    def remind():
        begun = time.monotonic()
        while not done.wait(0.5):
            if time.monotonic() - _last >= 9.5:
                say(f"{text} ... {time.monotonic() - begun:.0f} s")

    thread = threading.Thread(target=remind, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
