"""Ctrl-C and SIGTERM end the demo at any moment, once: everybody who was started is stopped, and nobody is forgotten.

An exception that a signal raises inside a weak reference's callback or a destructor is dropped by Python. So it is raised again
a moment later, and again, until somebody hears it; and what must not be cut in two is done first.
"""

import contextlib
import signal
from collections.abc import Iterator

#: After so many seconds without anybody having heard a stop, it is raised again.
AGAIN_SECONDS = 0.2
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)
_held = False


def listen() -> None:
    """Raise KeyboardInterrupt in the main thread for Ctrl-C and SIGTERM, from now on."""
    for each in _SIGNALS:
        signal.signal(each, _raise)


def heard() -> None:
    """Be deaf from now on: the demo is ending, and nothing may keep it from stopping everybody."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Do what is inside whole: a stop that comes meanwhile is raised after it."""
    global _held
    _held = True
    try:
        yield
    finally:
        _held = False


def _raise(_signal: int, _frame: object) -> None:
    signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS)
    if not _held:
        raise KeyboardInterrupt
