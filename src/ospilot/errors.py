"""The errors of ospilot and the exit codes that they lead to.

::

    OspilotError
    ├── ConfigurationError     20  settings that cannot work; carries every problem at once
    ├── TokenError             21  a token that is missing, empty, malformed or refused
    ├── PrivilegeError         22  a right or a program that is missing
    ├── NodeError              30  this node cannot run jobs now
    ├── PoolUnreachableError   31  the pool does not answer
    └── CommandError            1  a program that we ran failed; carries its evidence

Nothing below the command line prints or exits: errors travel up to ``ospilot.cli``, which shows them and
ends with ``exit_code``.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace


class ExitCode(enum.IntEnum):
    """Why a pilot or a command ended, for launchers that decide what to do next.

    Launchers must not restart on 20 to 22 and should back off on 30 and 31.
    """

    OK = 0
    FAILED = 1
    IDLE = 10
    RETIRED = 11
    CONFIGURATION = 20
    TOKEN = 21
    PRIVILEGE = 22
    NODE = 30
    POOL = 31
    DRAINED = 40


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with the input: what, the value found, why, and how to mend it."""

    name: str
    value: str | None
    reason: str
    fix: str
    exit_code: ExitCode = ExitCode.CONFIGURATION

    def sentence(self) -> str:
        """Return the problem as one line; never contains a secret (values of secrets are not kept)."""
        shown = "" if self.value is None else f" (found: {self.value!r})"
        return f"{self.name}: {self.reason}{shown}. Fix: {self.fix}"

    def without_value(self) -> Problem:
        """Return the same problem without the value that was found."""
        return replace(self, value=None)


class OspilotError(Exception):
    """Base of every error that ospilot raises on purpose."""

    exit_code: ExitCode = ExitCode.FAILED

    def __init__(self, message: str, *, fix: str | None = None) -> None:
        super().__init__(message)
        self.fix = fix


class ConfigurationError(OspilotError):
    """Settings that cannot work; ``problems`` holds all of them, never only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(p.sentence() for p in self.problems))
        found = {problem.exit_code for problem in self.problems}
        # The code that most has to be mended by hand: settings, then rights, then the token.
        order = (ExitCode.CONFIGURATION, ExitCode.PRIVILEGE, ExitCode.TOKEN)
        self.exit_code = next((code for code in order if code in found), ExitCode.CONFIGURATION)


class TokenError(OspilotError):
    """A token that is missing, empty, malformed or refused by the pool."""

    exit_code = ExitCode.TOKEN


class PrivilegeError(OspilotError):
    """A right or a program that is missing on this machine."""

    exit_code = ExitCode.PRIVILEGE


class NodeError(OspilotError):
    """This node cannot run jobs now."""

    exit_code = ExitCode.NODE


class PoolUnreachableError(OspilotError):
    """The pool does not answer."""

    exit_code = ExitCode.POOL


class CommandError(OspilotError):
    """A program that we ran failed; the message carries command, exit code, duration and bounded output."""

    def __init__(self, *, command: str, returncode: int | None, seconds: float, output: str) -> None:
        self.command = command
        self.returncode = returncode
        self.seconds = seconds
        self.output = output
        ended = "was stopped at its time limit" if returncode is None else f"ended with {returncode}"
        tail = f"\n{output}" if output else ""
        super().__init__(f"{command} {ended} after {seconds:.1f} s{tail}")
