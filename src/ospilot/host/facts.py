"""HostFacts: what the pilot learns about the machine and its own limits, read once, changing nothing."""

from __future__ import annotations

import enum
import os
import pwd
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

MIB = 1024 * 1024
UNLIMITED = 1 << 60
"""Bytes from which a cgroup v1 memory limit means none (the kernel writes a number near 2**63)."""


class Isolation(enum.StrEnum):
    """How strong a wall around each job this host allows."""

    FULL = "full"
    PARTIAL = "partial"
    NONE = "none"

    @property
    def meaning(self) -> str:
        """What the level means to the owner of the machine."""
        return {
            Isolation.FULL: "each job has its own root, processes and /proc",
            Isolation.PARTIAL: "each job has its own root, but sees the names of other processes and can "
            "signal them",
            Isolation.NONE: "jobs run without a wall and can read the pilot's token",
        }[self]


@dataclass(frozen=True)
class Figure:
    """An amount, and where it comes from."""

    amount: int
    source: str


@dataclass(frozen=True)
class HostFacts:
    """The machine as the pilot sees it from inside its own limits."""

    uid: int
    user: str
    hostname: str
    cpus: Figure
    memory_mb: Figure
    disk_free_mb: int
    isolation: Isolation
    isolation_detail: str
    fuse: bool


def gather(*, scratch: Path, root: Path = Path("/")) -> HostFacts:
    """Given the scratch directory, return the facts about this machine."""
    isolation, detail = probe_isolation()
    return HostFacts(
        uid=os.getuid(),
        user=_user(os.getuid()),
        hostname=socket.gethostname(),
        cpus=cpus(root=root, machine=len(os.sched_getaffinity(0)), all_cpus=os.cpu_count() or 1),
        memory_mb=memory_mb(root=root),
        disk_free_mb=_disk_free_mb(scratch),
        isolation=isolation,
        isolation_detail=detail,
        fuse=os.access(root / "dev/fuse", os.R_OK | os.W_OK),
    )


def _user(uid: int) -> str:
    # HTCondor names a uid without a passwd entry by its number; so do we.
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _disk_free_mb(scratch: Path) -> int:
    try:
        figures = os.statvfs(scratch)
    except OSError:
        return 0
    return figures.f_bavail * figures.f_frsize // MIB


def cpus(*, root: Path, machine: int, all_cpus: int) -> Figure:
    """Given the file system root and the CPUs this process may use, return the CPUs that jobs can have.

    A cgroup quota (v1 or v2) counts where it is smaller; a fraction of a CPU counts as none, but at least one
    CPU is always offered.
    """
    quota = _quota_cpus(root)
    if quota is not None and quota < machine:
        return Figure(max(1, int(quota)), f"cgroup quota of {quota:g} CPUs")
    if machine < all_cpus:
        return Figure(machine, f"CPU set of this container (of {all_cpus} in the machine)")
    return Figure(machine, "this machine")


def _quota_cpus(root: Path) -> float | None:
    words = _text(root / "sys/fs/cgroup/cpu.max").split()
    if len(words) == 2 and words[0] != "max":  # noqa: PLR2004 - quota and period
        return int(words[0]) / int(words[1])
    for folder in ("cpu", "cpu,cpuacct"):
        quota = _text(root / "sys/fs/cgroup" / folder / "cpu.cfs_quota_us")
        period = _text(root / "sys/fs/cgroup" / folder / "cpu.cfs_period_us")
        if quota and period and int(quota) > 0:
            return int(quota) / int(period)
    return None


def memory_mb(*, root: Path) -> Figure:
    """Given the file system root, return the memory of this container or machine, in MB."""
    total_kib = 0
    for line in _text(root / "proc/meminfo").splitlines():
        if line.startswith("MemTotal:"):
            total_kib = int(line.split()[1])
    machine = total_kib // 1024
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        text = _text(root / "sys/fs/cgroup" / name)
        if text.isdigit() and int(text) < UNLIMITED and int(text) // MIB < machine:
            return Figure(int(text) // MIB, "cgroup limit")
    return Figure(machine, "this machine")


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def probe_isolation() -> tuple[Isolation, str]:
    """Try the namespaces that Apptainer needs; return the level they allow and what the kernel said.

    The same steps in the same order as Apptainer's: a user and a mount namespace, then a PID namespace with a
    /proc of its own, which the kernel refuses while the outer /proc is masked.
    """
    base = ["unshare", "--user", "--map-root-user", "--mount"]
    full = _try([*base, "--pid", "--fork", "--mount-proc", "true"])
    if full is None:
        return Isolation.FULL, "user, mount and PID namespaces work"
    partial = _try([*base, "true"])
    if partial is None:
        return Isolation.PARTIAL, f"no PID namespace with its own /proc ({full})"
    return Isolation.NONE, f"no user namespaces ({partial})"


def _try(argv: list[str]) -> str | None:
    """Run a probe; return None when it works, else the last line of what it said."""
    try:
        done = subprocess.run(argv, capture_output=True, timeout=10, check=False)  # noqa: S603 - fixed words
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return None
    said = done.stderr.decode(errors="replace").strip().splitlines()
    return said[-1] if said else f"{argv[0]} ended with {done.returncode}"
