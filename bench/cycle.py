"""Measure no-op jobs, one after another: time, CPU and processes of a job, with no image and with a SIF."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from bench import figures
from bench.births import Births, counting
from bench.figures import Figure, Result
from bench.lines import JOB_ENDED, JobEvent
from bench.plan import Plan
from bench.sides import Side
from bench.stage import Running, Stage
from bench.start import in_turn
from ospilot.demo.jobs import images_script
from ospilot.pool import Folder

IMAGE = "box.sif"
"""One of the images that the demo's script makes: a megabyte of static busybox."""

JOB_SECONDS = 60.0
"""How long to wait for a job; a no-op takes little more than a second."""


@dataclass(frozen=True)
class Kind:
    """One way to run a job that does nothing, and the figures that it gives."""

    name: str
    image: str | None
    cycle: Figure
    cpu: Figure
    processes: Figure | None = None

    def submit_text(self, jobs: int) -> str:
        """Return the submit file of a series of such jobs."""
        container = [] if self.image is None else ["universe = container", f"container_image = {self.image}"]
        lines = [
            *container,
            "executable = /bin/sh",
            'arguments = "-c :"',
            "transfer_executable = False",
            "should_transfer_files = YES",
            "request_cpus = 1",
            "request_memory = 64",
            "request_disk = 10MB",
            f"queue {jobs}",
        ]
        return "\n".join(lines) + "\n"


PLAIN = Kind("plain", None, figures.JOB_CYCLE_PLAIN, figures.CPU_PER_JOB_PLAIN)
SIF = Kind(
    "sif", IMAGE, figures.JOB_CYCLE_SIF, figures.CPU_PER_JOB_SIF, processes=figures.PROCESSES_PER_JOB_SIF
)


@dataclass(frozen=True)
class Watched:
    """A container, and the processes that it starts."""

    running: Running
    births: Births


@dataclass(frozen=True)
class Moment:
    """What had been used when a job ended."""

    when: float
    cpu: float
    processes: int


def measure(stage: Stage, plan: Plan) -> list[Result]:
    """Run a series of each kind on each side in turn."""
    samples: dict[tuple[Side, Figure], list[float]] = defaultdict(list)
    folder = stage.pool.stage(
        {f"{kind.name}.sub": kind.submit_text(plan.jobs + 1).encode() for kind in (PLAIN, SIF)},
        prepare=images_script(),
    )
    for turn in range(plan.rounds):
        for side in in_turn(turn):
            with stage.side(side) as running, counting(running.pid) as births:
                stage.watch.forget()
                running.go()
                stage.watch.slot()
                for kind in (PLAIN, SIF):
                    found = _series(stage, Watched(running, births), folder, kind, jobs=plan.jobs)
                    for figure, value in found.items():
                        samples[side, figure].append(value)
                    told = ", ".join(f"{value:.3f} {figure.unit}" for figure, value in found.items())
                    stage.say(f"{plan.jobs} jobs {turn + 1}/{plan.rounds} {kind.name} {side.value}: {told}")
    measured = dict.fromkeys(figure for _, figure in samples)
    return [
        Result(figure, tuple(samples[Side.OURS, figure]), tuple(samples[Side.BARE, figure]))
        for figure in measured
    ]


def _series(stage: Stage, watched: Watched, folder: Folder, kind: Kind, *, jobs: int) -> dict[Figure, float]:
    """Run one job more than asked; the end of the first begins the series, so that no match-making is in it."""
    [cluster] = stage.pool.submit_in(folder, f"{kind.name}.sub")
    first = last = _end_of_a_job(stage, watched, cluster)
    for _ in range(jobs):
        last = _end_of_a_job(stage, watched, cluster)
    found = {kind.cycle: (last.when - first.when) / jobs, kind.cpu: (last.cpu - first.cpu) / jobs}
    if kind.processes is not None:
        found[kind.processes] = (last.processes - first.processes) / jobs
    return found


def _end_of_a_job(stage: Stage, watched: Watched, cluster: int) -> Moment:
    event = stage.watch.wait(
        JobEvent,
        lambda event: event.cluster == cluster and event.kind == JOB_ENDED,
        timeout=JOB_SECONDS,
        what="the end of a no-op job",
    )
    return Moment(event.when, watched.running.cpu_seconds(), watched.births.count)
