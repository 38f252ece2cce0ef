"""The figures: what each is called, its unit and budget, and what samples of it say. Pure.

Budgets are those of the design: a multiple of what bare HTCondor needs in the same run, or an absolute limit
where bare HTCondor has nothing to compare with.
"""

from __future__ import annotations

import enum
import json
import statistics
from collections.abc import Iterable
from dataclasses import dataclass


class Verdict(enum.Enum):
    """How a figure stands to its budget."""

    WITHIN = "within"
    OVER = "over"
    NONE = "no budget"


@dataclass(frozen=True)
class Budget:
    """The most that a figure may be: in its own unit, or as a multiple of bare HTCondor's."""

    limit: float
    times_bare: bool = False

    def text(self) -> str:
        """Return the budget in words for a table; the unit stands in a column of its own."""
        return f"{self.limit:g} x bare" if self.times_bare else f"{self.limit:g}"


@dataclass(frozen=True)
class Figure:
    """One thing that is measured; smaller is better for all of them."""

    name: str
    unit: str
    budget: Budget | None = None
    digits: int = 3
    """Digits after the decimal point that mean something."""


@dataclass(frozen=True)
class Result:
    """The samples of one figure, ours and bare HTCondor's, taken in turn."""

    figure: Figure
    ours: tuple[float, ...]
    bare: tuple[float, ...] = ()

    @property
    def ours_median(self) -> float:
        """The median of our samples."""
        return statistics.median(self.ours)

    @property
    def bare_median(self) -> float | None:
        """The median of bare HTCondor's samples, or None where it has no such figure."""
        return statistics.median(self.bare) if self.bare else None

    @property
    def ratio(self) -> float | None:
        """Our median as a multiple of bare HTCondor's, or None where that is nothing or zero."""
        return self.ours_median / self.bare_median if self.bare_median else None

    @property
    def verdict(self) -> Verdict:
        """Whether our median keeps the budget; a budget in multiples of nothing cannot be judged."""
        budget = self.figure.budget
        if budget is None:
            return Verdict.NONE
        found = self.ratio if budget.times_bare else self.ours_median
        if found is None:
            return Verdict.NONE
        return Verdict.WITHIN if found <= budget.limit else Verdict.OVER

    def as_object(self) -> dict[str, object]:
        """Return the result as one flat JSON object; minimum and maximum are of our samples."""
        budget = self.figure.budget
        return {
            "name": self.figure.name,
            "unit": self.figure.unit,
            "ours": round(self.ours_median, 6),
            "bare": None if self.bare_median is None else round(self.bare_median, 6),
            "ratio": None if self.ratio is None else round(self.ratio, 4),
            "budget": None if budget is None else budget.text(),
            "runs": len(self.ours),
            "min": round(min(self.ours), 6),
            "max": round(max(self.ours), 6),
        }


START_TO_SLOT = Figure("start_to_slot", "s", Budget(1.15, times_bare=True), 2)
START_TO_JOB = Figure("start_to_job_executing", "s", Budget(1.15, times_bare=True), 2)
CPU_UNTIL_SLOT = Figure("cpu_until_slot", "s", Budget(1.5), 2)
PROCESSES_UNTIL_SLOT = Figure("processes_until_slot", "processes", Budget(250), 0)
STOP_IDLE = Figure("stop_idle", "s", Budget(1.5), 2)
JOB_CYCLE_PLAIN = Figure("noop_job_cycle_plain", "s/job", Budget(1.2, times_bare=True))
JOB_CYCLE_SIF = Figure("noop_job_cycle_sif", "s/job", Budget(1.0, times_bare=True))
CPU_PER_JOB_PLAIN = Figure("cpu_per_job_plain", "s/job", Budget(0.15))
CPU_PER_JOB_SIF = Figure("cpu_per_job_sif", "s/job", Budget(0.21))
PROCESSES_PER_JOB_SIF = Figure("processes_per_job_sif", "per job", Budget(20), 1)
PSS = Figure("pss_not_htcondor", "MB", Budget(12), 1)
IDLE_CPU = Figure("idle_cpu", "% of a CPU")
IMAGE = Figure("image_compressed", "MB", Budget(200), 1)


def json_lines(results: Iterable[Result]) -> str:
    """Return one JSON object a line, one for each result."""
    return "".join(json.dumps(result.as_object()) + "\n" for result in results)
