"""The signals that end the demo: the first one unwinds it, and nothing disturbs the cleaning up."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(KeyboardInterrupt):
    """A signal asked the demo to end.

    No Exception, so that nothing on the way up takes it for a failure to handle.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


@contextmanager
def unwinding() -> Iterator[None]:
    """Within this context, turn the first signal into Stopped; the ones after it are ignored."""

    def stop(number: int, _: FrameType | None) -> None:
        ignore()
        raise Stopped(number)

    before = {number: signal.signal(number, stop) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def ignore() -> None:
    """From now on ignore the signals, here and in programs that we start: what follows must not be cut."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
