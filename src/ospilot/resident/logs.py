"""The log on stdout: HTCondor's own logs, one line for each event, marked with its daemon; and ours."""

from __future__ import annotations

import codecs
import os
import time
from collections.abc import Iterator

READ_LIMIT = 256 * 1024
"""Bytes of one log that are read in one go, so that a flood cannot hold up the loop."""

DAEMONS = {"MasterLog": "master", "StartLog": "startd", "SharedPortLog": "shared_port"}
"""Logs that are shown, beside one StarterLog for each slot. ProcLog and XferStatsLog are internal."""

STAMP = "dddd-dd-ddTdd:dd:dd"
"""The shape of a time under DEBUG_TIME_FORMAT of our policy file; D_SUB_SECOND adds the milliseconds."""


def daemon_of(name: str) -> str | None:
    """Given the name of a file in LOG, return its daemon's mark, or None for a file that is not shown."""
    if name in DAEMONS:
        return DAEMONS[name]
    if name.startswith("StarterLog.slot") and not name.endswith(".old"):
        return "starter " + name.removeprefix("StarterLog.")
    return None


def stamped(line: str) -> tuple[str, str] | None:
    """Given a line of a log, return its time and the rest, or None for a line that continues an event.

    By hand and not by regular expression: the module re would cost a megabyte for as long as the pilot lives.
    """
    for character, shape in zip(line, STAMP, strict=False):
        if not (character.isdigit() if shape == "d" else character == shape):
            return None
    when, blank, rest = line.partition(" ")
    fraction = when[len(STAMP) :]
    if (
        not blank
        or len(when) < len(STAMP)
        or (fraction and not (fraction[0] == "." and fraction[1:].isdigit()))
    ):
        return None
    if rest.startswith("(pid:"):
        number, closed, text = rest.removeprefix("(pid:").partition(") ")
        if closed and number.isdigit():
            rest = text
    return when, rest


def shown(daemon: str, event: str) -> str | None:
    """Given one event as HTCondor wrote it, return it as our line, or None for an ornament."""
    when, text = stamped(event) or ("", event)
    text = " | ".join(part.strip() for part in text.splitlines() if part.strip())
    if not text or text.startswith("**"):
        return None
    return f"{when}Z {daemon:<14} {text}" if when else f"{daemon:<14} {text}"


def our_line(text: str, now: float) -> str:
    """Return a line of the pilot's own, in the same shape; ``now`` is in seconds since 1970."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03d}Z"
    return f"{stamp} {'ospilot':<14} {text}"


class LogTail:
    """One growing log file, followed across rotation and truncation without losing a line."""

    def __init__(self, path: str, daemon: str) -> None:
        self._path = path
        self._daemon = daemon
        self._descriptor: int | None = None
        self._inode = 0
        self._offset = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def lines(self) -> Iterator[str]:
        """Yield what was written since the last call, as lines to show."""
        for event in self._events():
            line = shown(self._daemon, event)
            if line is not None:
                yield line

    def _events(self) -> Iterator[str]:
        text = self._rest + self._new_text()
        complete, newline, self._rest = text.rpartition("\n")
        if not newline:
            return
        event = ""
        for line in complete.split("\n"):
            # A line without a time stamp belongs to the event before it.
            if event and stamped(line) is None:
                event += "\n" + line
                continue
            if event:
                yield event
            event = line
        yield event

    def _new_text(self) -> str:
        try:
            found = os.stat(self._path)  # noqa: PTH116 - pathlib costs memory
        except OSError:
            return self._read()
        # The rest of the file that we hold comes first, also when it was rotated away meanwhile.
        text = self._read()
        if found.st_ino != self._inode or found.st_size < self._offset:
            if self._rest + text and not (self._rest + text).endswith("\n"):
                text += "\n"
            self._open()
            text += self._read()
        return text

    def _open(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        self._inode = os.fstat(self._descriptor).st_ino
        self._offset = 0
        self._decoder.reset()

    def _read(self) -> str:
        if self._descriptor is None:
            return ""
        data = os.read(self._descriptor, READ_LIMIT)
        self._offset += len(data)
        return self._decoder.decode(data)


class LogDirectory:
    """All logs of one pilot, also those of slots that come and go."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._tails: dict[str, LogTail] = {}

    def lines(self) -> Iterator[str]:
        """Yield the new lines of every log."""
        try:
            names = os.listdir(self._directory)  # noqa: PTH208 - the same
        except OSError:
            return
        for name in sorted(names):
            daemon = daemon_of(name)
            if daemon is None:
                continue
            if name not in self._tails:
                self._tails[name] = LogTail(f"{self._directory}/{name}", daemon)
            yield from self._tails[name].lines()
