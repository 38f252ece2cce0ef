"""The processes of a pilot: born to die with it, adopted when orphaned, ended without exception."""

from __future__ import annotations

import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36
"""Numbers of prctl(2)."""


def _prctl(option: int, argument: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(option, argument, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def hide() -> None:
    """Keep other processes of this uid from reading our memory, environment and files."""
    _prctl(PR_SET_DUMPABLE, 0)


def adopt_orphans() -> None:
    """Become the parent of descendants whose parent dies, so that they can be found and ended."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def memory(text: str = "") -> int:
    """Return the descriptor of a file in memory that holds a text: it needs no disk, which may be full."""
    descriptor = os.memfd_create("ospilot", os.MFD_CLOEXEC)
    os.pwrite(descriptor, text.encode(), 0)
    return descriptor


def spawn(
    argv: list[str],
    environment: dict[str, str],
    *,
    given: int | None = None,
    output: int | None = None,
    dies_with_us: bool = False,
) -> int:
    """Start a program and return its pid; its stdin is empty or a given descriptor, its output ours or another.

    With ``dies_with_us`` the kernel sends it SIGQUIT when we end, however we end: condor_master then vacates
    its jobs and leaves.
    """
    us = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    try:
        if dies_with_us:
            _prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)
            if os.getppid() != us:
                os._exit(1)
        signal.pthread_sigmask(signal.SIG_SETMASK, set())
        os.setsid()
        null = os.open("/dev/null", os.O_RDWR)
        os.dup2(null if given is None else given, 0)
        if output is not None:
            os.dup2(output, 1)
            os.dup2(output, 2)
        os.execvpe(argv[0], argv, environment)  # noqa: S606 - argv is ours, no shell
    except OSError as error:
        os.write(2, f"ospilot: cannot run {argv[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(127)


def descendants() -> set[int]:
    """Return the pids of all our living descendants."""
    parents: dict[int, int] = {}
    for entry in os.listdir("/proc"):  # noqa: PTH208 - pathlib costs memory
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            parents[int(entry)] = int(fields[1])
    found: set[int] = set()
    front = {os.getpid()}
    while front:
        front = {pid for pid, parent in parents.items() if parent in front} - found
        found |= front
    return found


def named(pids: set[int], names: frozenset[str]) -> set[int]:
    """Return those of the processes whose program has one of the names (as the kernel cuts them, 15 letters)."""
    found = set()
    for pid in pids:
        try:
            with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
                name = file.read().strip()
        except OSError:
            continue
        if name in names:
            found.add(pid)
    return found


def send(pids: set[int], number: signal.Signals) -> None:
    """Send a signal to each process that is still there."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            continue
