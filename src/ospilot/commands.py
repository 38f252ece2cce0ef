"""The one door through which ospilot starts other programs and waits for them.

A failure carries the command, its exit code, how long it took and the end of its output, so that nobody has
to run it again to learn why. Secrets never travel in argv, hence nothing is redacted here.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ospilot.errors import CommandError, PrivilegeError

CANNOT_START = 126
"""What a shell returns for a program that is there and cannot be started."""

OUTPUT_LIMIT = 4000
"""Characters of a failed program's output that an error keeps: enough for a traceback, bounded for logs."""


@dataclass(frozen=True)
class Finished:
    """What a program that has ended left behind."""

    command: str
    returncode: int
    stdout: str
    stderr: str
    seconds: float

    def failure(self) -> CommandError:
        """Return this result as an error, with the end of what the program printed."""
        output = "\n".join(text.strip() for text in (self.stdout, self.stderr) if text.strip())
        return CommandError(
            command=self.command,
            returncode=self.returncode,
            seconds=self.seconds,
            output=output[-OUTPUT_LIMIT:],
        )


def run(
    argv: Sequence[str],
    *,
    timeout: float = 60.0,
    check: bool = True,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str | bytes | None = None,
) -> Finished:
    """Given a command, run it to its end and return what it left; both outputs are captured.

    ``timeout`` is in seconds. Raise CommandError if it fails (with ``check``) or outruns its time, and
    PrivilegeError if the program is not on PATH.
    """
    command = shlex.join(argv)
    data = stdin.encode() if isinstance(stdin, str) else stdin
    started = time.monotonic()
    try:
        done = subprocess.run(  # noqa: S603 - argv is a list, never a shell line
            # Without input a program reads the end of the file at once: it must never wait for a terminal.
            list(argv),
            capture_output=True,
            timeout=timeout,
            check=False,
            env=env,
            cwd=cwd,
            input=data or b"",
        )
    except OSError as error:
        raise _not_started(argv, error) from error
    except subprocess.TimeoutExpired as error:
        seen = b"\n".join(part for part in (error.stdout, error.stderr) if part)
        raise CommandError(
            command=command,
            returncode=None,
            seconds=time.monotonic() - started,
            output=seen.decode(errors="replace")[-OUTPUT_LIMIT:],
        ) from error
    finished = Finished(
        command=command,
        returncode=done.returncode,
        stdout=done.stdout.decode(errors="replace"),
        stderr=done.stderr.decode(errors="replace"),
        seconds=time.monotonic() - started,
    )
    if check and done.returncode != 0:
        raise finished.failure()
    return finished


def follow(argv: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> int:
    """Run a command with its output going straight to our own stderr; return its exit code.

    For long steps whose progress a person wants to see. Raise PrivilegeError if the program is missing.
    """
    try:
        return subprocess.run(  # noqa: S603 - argv is a list, never a shell line
            list(argv), stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False, env=env, cwd=cwd
        ).returncode
    except OSError as error:
        raise _not_started(argv, error) from error


def _not_started(argv: Sequence[str], error: OSError) -> CommandError | PrivilegeError:
    if not available(argv[0]):
        return missing_program(argv[0])
    return CommandError(command=shlex.join(argv), returncode=CANNOT_START, seconds=0.0, output=str(error))


def available(program: str) -> bool:
    """Return whether a program is on PATH."""
    return shutil.which(program) is not None


def missing_program(program: str) -> PrivilegeError:
    """Return the error for a program that is not on PATH."""
    return PrivilegeError(
        f"the program {program!r} is not installed, or not on PATH",
        fix=f"install {program} with this system's package tool, or run 'make setup' in a checkout",
    )
