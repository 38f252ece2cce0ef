"""Push attributes into the startd's ads: a state file for a startd that starts, a FIFO for one that runs.

Each push replaces the whole set (a startd_cron job's record does), so the full set is written every time.
The FIFO is held open for reading and writing: opening it for writing alone would wait for a reader, and
without a writer the reader would see its end.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

END_OF_RECORD = "- update:true\n"
"""Ends a record and makes the startd send its ads to the collector at once."""


class Publisher:
    """The pilot's attributes on their way to the startd."""

    def __init__(self, directory: str) -> None:
        self._state = f"{directory}/attributes"
        push = f"{directory}/push"
        os.mkfifo(push, 0o600)
        self._fifo = os.open(push, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def push(self, attributes: Mapping[str, str], *, follow: bool = True) -> bool:
        """Publish the full set; values are ClassAd expressions.

        Without ``follow`` only the state file is written, for a startd that is yet to start. Return whether the
        state file could be written; a full disk must not keep a running startd from hearing the news.
        """
        record = "".join(f"{name} = {value}\n" for name, value in attributes.items()) + END_OF_RECORD
        try:
            with open(f"{self._state}.new", "w", encoding="utf-8") as file:  # noqa: PTH123 - pathlib costs memory
                file.write(record)
            os.replace(f"{self._state}.new", self._state)  # noqa: PTH105 - the same
            kept = True
        except OSError:
            kept = False
        if follow:
            try:
                os.write(self._fifo, record.encode())
            except BlockingIOError:
                # Nobody reads: the startd is down, and will print the state file when it is back.
                return kept
        return kept


def string(text: str) -> str:
    """Return text as a ClassAd string literal; control characters become blanks."""
    clean = "".join(character if character.isprintable() else " " for character in text)
    return '"' + clean.replace("\\", "\\\\").replace('"', '\\"') + '"'
