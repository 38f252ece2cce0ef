"""Watch the pool: one process follows its logs for the whole benchmark, and nobody polls."""

from __future__ import annotations

import queue
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from bench.lines import LOGS, TROUBLE, Event, JobEvent, SlotAppeared, event_of
from ospilot.errors import NodeError
from ospilot.launch.podman import Podman
from ospilot.pool.description import LOG

E = TypeVar("E", bound=Event)


class Watch:
    """The events of a pool as they happen."""

    def __init__(self, follower: subprocess.Popen[str]) -> None:
        self._follower = follower
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, name="watch", daemon=True)
        self._reader.start()

    def forget(self) -> None:
        """Drop the events that nobody has asked for."""
        while not self._events.empty():
            self._events.get()

    def wait(self, kind: type[E], wanted: Callable[[E], bool], *, timeout: float, what: str) -> E:
        """Return the next event of a kind that is wanted, dropping all before it.

        Raise NodeError, saying what was waited for, if it does not come within ``timeout`` seconds or a job
        came to grief.
        """
        until = time.monotonic() + timeout
        while (left := until - time.monotonic()) > 0:
            try:
                event = self._events.get(timeout=left)
            except queue.Empty:
                break
            if event is None:
                break
            if isinstance(event, JobEvent) and event.kind in TROUBLE:
                raise NodeError(f"job {event.cluster}.{event.proc} {TROUBLE[event.kind]} during {what}")
            if isinstance(event, kind) and wanted(event):
                return event
        ended = self._follower.poll() is not None
        why = "the pool's logs can no longer be read" if ended else f"nothing within {timeout:g} s"
        raise NodeError(f"{what} was not seen: {why}")

    def slot(self, *, timeout: float = 60.0) -> SlotAppeared:
        """Return the next slot that appears."""
        return self.wait(SlotAppeared, lambda _: True, timeout=timeout, what="the slot's appearance")

    def _read(self) -> None:
        for line in self._follower.stdout or ():
            event = event_of(line)
            if event is not None:
                self._events.put(event)
        self._events.put(None)


@contextmanager
def watching(podman: Podman, container: str) -> Iterator[Watch]:
    """Follow the logs of a pool within this context."""
    names = " ".join(f"{LOG}/{name}" for name in LOGS)
    # What was written before is of no interest; a log that is not there yet is followed once it is.
    words = podman.argv("exec", container, "sh", "-c", f"exec tail -q -n 0 -F {names} 2>/dev/null")
    with subprocess.Popen(  # noqa: S603 - argv is a list, never a shell line
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as follower:
        try:
            yield Watch(follower)
        finally:
            follower.terminate()
