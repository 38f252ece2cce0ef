"""What is known of the demo while it runs, and the judgement at its end. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ospilot.pool import Job, JobStatus, PoolInfo, Slot
from ospilot.pool.tables import job_data, place

LOG_LINES = 12
"""Lines of each pilot's log that a failure shows: enough for a cause, few enough to be read."""

TROUBLE = re.compile(r"\b(error|fatal|fail\w*|refus\w*|non zero|output was)\b", re.IGNORECASE)
"""Words of lines that tell why a pilot or a job's container did not start."""


@dataclass(frozen=True)
class Snapshot:
    """The demo's pilots, slots and jobs at one moment, ``seconds`` after its start."""

    seconds: float
    pilots: tuple[str, ...] = ()
    slots: tuple[Slot, ...] = ()
    jobs: tuple[Job, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    """The pilot of each machine name that was seen so far."""


@dataclass(frozen=True)
class Report:
    """How the demo ended."""

    snapshot: Snapshot
    pool: PoolInfo
    containers: tuple[str, ...]
    expected: Mapping[str, int]
    outputs: Mapping[str, str]
    """What each job printed, by job id."""
    evidence: str = ""
    """The pilots' last lines, where something did not end as expected."""

    @property
    def problems(self) -> list[str]:
        """What did not end as expected, one sentence each; empty if all did."""
        return problems(self.snapshot.jobs, self.expected)

    @property
    def ok(self) -> bool:
        """Whether every job ended as expected."""
        return not self.problems

    def sentence(self) -> str:
        """Return the verdict in one or two sentences."""
        total = len(self.expected)
        if not self.ok:
            good = sum(as_expected(job, self.expected) for job in self.snapshot.jobs)
            return f"{good} of {total} jobs ended as expected within {self.snapshot.seconds:.0f} s."
        failing = [name for name, code in self.expected.items() if code]
        return (
            f"All {total} jobs ended as expected in {self.snapshot.seconds:.0f} s. "
            f"{', '.join(failing)} failed on purpose: the job's failure, reported as such; its pilot went on."
        )

    def as_data(self) -> dict[str, Any]:
        """Return the report as plain data."""
        return {
            "ok": self.ok,
            "seconds": round(self.snapshot.seconds, 1),
            "pool": {"name": self.pool.name, "address": self.pool.address},
            "pilots": list(self.snapshot.pilots),
            "jobs": [self._job_data(job) for job in self.snapshot.jobs],
            "problems": self.problems,
        }

    def _job_data(self, job: Job) -> dict[str, Any]:
        return {
            **job_data(job),
            "pilot": place(job, self.snapshot.places),
            "expected_exit_code": self.expected.get(job.name),
            "as_expected": as_expected(job, self.expected),
            "printed": self.outputs.get(job.id, ""),
        }


def as_expected(job: Job, expected: Mapping[str, int]) -> bool:
    """Return whether a job ran to its end and ended with the code that it was told to."""
    return job.status is JobStatus.COMPLETED and job.exit_code == expected.get(job.name)


def problems(jobs: Sequence[Job], expected: Mapping[str, int]) -> list[str]:
    """Given the jobs and the exit codes that were expected, return what is wrong, one sentence each."""
    known = {job.name: job for job in jobs}
    found = []
    unfinished = []
    for name, code in expected.items():
        job = known.get(name)
        if job is None:
            found.append(f"{name} is neither in the queue nor in the history")
        elif not job.status.settled:
            unfinished.append(name)
        elif not as_expected(job, expected):
            why = f": {job.reason}" if job.reason else ""
            found.append(f"{name} should have ended with {code}, but: {job.outcome()}{why}")
    if unfinished:
        found.append(f"not waited for: {', '.join(unfinished)}")
    return found


def returning(jobs: Sequence[Job]) -> list[str]:
    """Return the names of jobs that slots took more than once, and that wait again without having ended."""
    return [job.name for job in jobs if job.status is JobStatus.IDLE and job.starts > 1]


def telling_lines(log: str) -> list[str]:
    """Given a pilot's log, return its last lines that speak of trouble, or its last lines if none does."""
    lines = log.splitlines()
    return [line for line in lines if TROUBLE.search(line)][-LOG_LINES:] or lines[-LOG_LINES:]


def news(before: Snapshot, after: Snapshot) -> list[str]:
    """Return what changed between two moments, one line each, for those who read no live table."""
    lines = []
    old_pilots = {slot.pilot for slot in before.slots}
    for pilot in dict.fromkeys(slot.pilot for slot in after.slots):
        if pilot not in old_pilots:
            cpus = sum(slot.cpus for slot in after.slots if slot.pilot == pilot)
            lines.append(f"pilot {pilot} joined with {cpus} CPUs")
    old_outcomes = {job.id: job.outcome() for job in before.jobs}
    for job in after.jobs:
        outcome = job.outcome()
        if outcome != old_outcomes.get(job.id, JobStatus.IDLE.name.lower()):
            where = place(job, after.places)
            lines.append(f"{job.name}: {outcome}" + (f" at {where}" if where else ""))
    return lines
