"""A pilot's token as a file."""

from __future__ import annotations

import os
from pathlib import Path

from ospilot.errors import ConfigurationError, Problem

PILOT_UID = 1000
"""The uid of the pilot's user in its image, which has to read the token."""


def write_token(path: Path, token: str) -> None:
    """Write a token to a file of mode 0600 that the pilot's user can read; replace an older file.

    Raise ConfigurationError if the file cannot be written.
    """
    staged = path.with_name(f".{path.name}.new")
    try:
        staged.unlink(missing_ok=True)
        with os.fdopen(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(token + "\n")
        # Pilots that root starts run as their image's user all the same; an ordinary user's engine maps uids.
        if os.geteuid() == 0:
            os.chown(staged, PILOT_UID, PILOT_UID)
        staged.replace(path)
    except OSError as error:
        problem = Problem(
            name="--output",
            value=str(path),
            reason=f"the file cannot be written: {error.strerror}",
            fix="name a file in a folder of yours",
        )
        raise ConfigurationError([problem]) from error
