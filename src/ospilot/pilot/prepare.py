"""Prepare a planned pilot: its directory, the copies of its tokens, HTCondor's config; then ask the pool."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

from ospilot import commands
from ospilot.commands import Finished
from ospilot.errors import CommandError, ConfigurationError, PoolUnreachableError, Problem, TokenError
from ospilot.pilot.plan import PilotPlan

OWN_DIRECTORIES = ("log", "spool", "execute", "lock", "run", "status", "tokens.d", "passwords.d")
"""Directories of a pilot, all 0700: nobody else has business in them."""

LOCK_NAME = "alive.lock"
"""The file in a pilot's directory whose lock says that the pilot lives."""

PING_SECONDS = 10.0
"""How long the pool may take to answer one question."""

TRIES = 4
"""How often the pool is asked before it counts as unreachable."""
FIRST_PAUSE = 0.5
"""Seconds between the first two tries; each pause is twice the one before it."""


def prepare(plan: PilotPlan) -> int:
    """Create all that the pilot needs on disk; return the descriptor that holds the lock of its directory.

    The lock is inherited across exec; raise ConfigurationError if the scratch directory refuses.
    """
    directory = Path(plan.directory)
    try:
        directory.mkdir(mode=0o700)
        # Locked under another name first: a sibling must never find the lock file without its lock.
        lock = os.open(directory / "new.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        (directory / "new.lock").rename(directory / LOCK_NAME)
        os.set_inheritable(lock, True)  # noqa: FBT003 - the signature of os
        for name in OWN_DIRECTORIES:
            (directory / name).mkdir(mode=0o700)
        (directory / "execute").chmod(0o755)  # what HTCondor asks for; the directory above keeps others out
        for token in plan.tokens:
            _write_private(directory / "tokens.d" / token.name, token.text + "\n")
        _write_private(directory / "condor_config.pilot", plan.condor_config)
        _write_private(directory / "plan.json", plan.resident.but(lock=lock).to_json())
    except OSError as error:
        raise ConfigurationError(
            [
                Problem(
                    "OSPILOT_SCRATCH",
                    str(directory.parent),
                    f"the pilot's directory cannot be made there: {error.strerror}",
                    f"give a directory that uid {os.getuid()} can write to, on a disk with room "
                    "(mounted at /pilot)",
                )
            ]
        ) from error
    return lock


def dead_predecessors(scratch: Path) -> list[Path]:
    """Return the directories in scratch that pilots of our uid left when they were killed.

    A living pilot holds the lock of its directory for as long as it lives; a directory without a lock file is
    not of our making, or not yet ready, and is left alone.
    """
    dead = []
    for directory in sorted(scratch.glob("osgvo-pilot-*")):
        try:
            if directory.lstat().st_uid != os.getuid() or directory.is_symlink():
                continue
            lock = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            dead.append(directory)
        except BlockingIOError:
            continue
        finally:
            os.close(lock)
    return dead


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def ask_pool(
    plan: PilotPlan,
    *,
    say: Callable[[str], None],
    pause: Callable[[float], None] = time.sleep,
    ask: Callable[[PilotPlan], Finished] | None = None,
) -> str:
    """Ask the pool's collector, with the pilot's own token, whether the pilot may advertise itself.

    Return the identity under which the pool knows it. Raise TokenError if the pool says no and
    PoolUnreachableError if it does not answer in several tries.
    """
    pool = plan.resident.pool
    wait = FIRST_PAUSE
    for attempt in range(1, TRIES + 1):
        answer = (ask or _ping)(plan)
        if answer.returncode == 0:
            return _identity(answer.stdout)
        said = (answer.stdout + answer.stderr).strip()
        if "ADVERTISE_STARTD failed" in said:
            raise TokenError(
                f"the pool {pool} refused this pilot's token: {_last_line(said)}",
                fix="ask the pool for a token that it accepts and that allows ADVERTISE_STARTD and "
                "ADVERTISE_MASTER; 'condor_token_list' shows what a token says",
            )
        if attempt < TRIES:
            say(f"the pool {pool} does not answer (try {attempt} of {TRIES}); next try in {wait:g} s")
            pause(wait)
            wait *= 2
    raise PoolUnreachableError(
        f"the pool {pool} does not answer: {_last_line(said)}",
        fix=f"check POOL, and that this host may open TCP connections to {pool}",
    )


def _ping(plan: PilotPlan) -> Finished:
    argv = ["condor_ping", "-pool", plan.resident.pool, "-type", "collector", "ADVERTISE_STARTD"]
    try:
        return commands.run(argv, env=plan.resident.environment, timeout=PING_SECONDS, check=False)
    except CommandError as error:
        # Out of time: the connection was taken and nobody answered.
        return Finished(error.command, 1, "", f"no answer within {PING_SECONDS:g} s", error.seconds)


def _identity(text: str) -> str:
    words = text.split()
    return words[words.index("as") + 1] if "as" in words[:-1] else "unknown"


def _last_line(text: str) -> str:
    lines = text.splitlines()
    return lines[-1] if lines else "no words from condor_ping"
