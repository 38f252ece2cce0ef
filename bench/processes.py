"""What a container's processes have used, read from the host's /proc and cgroups (which needs root)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

KIB_PER_MB = 1000 / 1.024
"""The kernel counts in KiB, the budgets in MB (10**6 bytes)."""

CONDOR = "condor_"
"""How the names of HTCondor's own programs begin."""


@dataclass(frozen=True)
class Process:
    """One process at one moment: CPU in seconds, of itself and of the children that it has waited for."""

    pid: int
    name: str
    own_cpu: float
    children_cpu: float
    pss_mb: float

    @property
    def of_condor(self) -> bool:
        """Whether the process is a program of HTCondor's."""
        return self.name.startswith(CONDOR)


def cpu_seconds(pid: int, *, root: Path = Path("/")) -> float:
    """Return the CPU time that the cgroup of a process has used; ended processes count."""
    groups = dict(
        line.split(":", 2)[1:] for line in (root / f"proc/{pid}/cgroup").read_text().splitlines() if line
    )
    for controllers, path in groups.items():
        if "cpuacct" in controllers.split(","):
            usage = root / "sys/fs/cgroup" / controllers / path.lstrip("/") / "cpuacct.usage"
            return int(usage.read_text()) / 1e9
    stat = (root / "sys/fs/cgroup" / groups[""].lstrip("/") / "cpu.stat").read_text()
    return int(dict(line.split() for line in stat.splitlines())["usage_usec"]) / 1e6


def tree(pid: int, *, root: Path = Path("/")) -> list[Process]:
    """Return a process and all its living descendants."""
    parents: dict[int, int] = {}
    for entry in (root / "proc").iterdir():
        if entry.name.isdigit():
            fields = _stat_fields(entry)
            if fields is not None:
                parents[int(entry.name)] = int(fields[1])
    found, front = {pid}, {pid}
    while front:
        front = {child for child, parent in parents.items() if parent in front} - found
        found |= front
    processes = (_process(root / "proc" / str(each)) for each in sorted(found))
    return [process for process in processes if process is not None]


def not_condor(processes: Iterable[Process]) -> list[Process]:
    """Return the processes that are none of HTCondor's."""
    return [process for process in processes if not process.of_condor]


def cpu_between(before: Iterable[Process], after: Iterable[Process]) -> float:
    """Return the CPU seconds that processes used between two moments.

    A process of the later moment that was not there at the earlier one counts whole; one that has ended since
    counts with the parent that waited for it.
    """
    used: Mapping[int, float] = {each.pid: each.own_cpu + each.children_cpu for each in before}
    return sum(each.own_cpu + each.children_cpu - used.get(each.pid, 0.0) for each in after)


def _process(folder: Path) -> Process | None:
    fields = _stat_fields(folder)
    if fields is None:
        return None
    tick = os.sysconf("SC_CLK_TCK")
    try:
        name = (folder / "comm").read_text().strip()
        # The scheduler's own count is in nanoseconds; that of stat is in hundredths of a second.
        ran = int((folder / "schedstat").read_text().split()[0]) / 1e9
        rollup = (folder / "smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    pss_kib = next((int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")), 0)
    children = (int(fields[13]) + int(fields[14])) / tick
    return Process(int(folder.name), name, ran, children, pss_kib / KIB_PER_MB)


def _stat_fields(folder: Path) -> list[str] | None:
    """Return the fields of /proc/PID/stat from the state on, or None if the process has ended."""
    try:
        return (folder / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
