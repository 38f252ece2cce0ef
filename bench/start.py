"""Measure starts: until the slot is in the collector, until a waiting job runs; and the stop of an idle pilot."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator

from bench import figures
from bench.births import counting
from bench.figures import Figure, Result
from bench.lines import JOB_ENDED, CycleStarted, JobEvent
from bench.plan import Plan
from bench.sides import GRACE, Side
from bench.stage import Stage
from ospilot.errors import NodeError

SETTLE_SECONDS = 4.0
"""Between the slot's appearance and the stop: what belongs to a start is over by then."""

JOB = """executable = /usr/bin/date
transfer_executable = False
arguments = +%s.%N
output = moment
request_cpus = 1
request_memory = 64
request_disk = 10MB
queue
"""
"""A job that says when it runs, by the clock of this machine."""


def measure(stage: Stage, plan: Plan) -> list[Result]:
    """Start and stop both sides in turn, without any job."""
    samples: dict[tuple[Side, Figure], list[float]] = defaultdict(list)
    for pair in range(plan.pairs):
        for side in in_turn(pair):
            found = _one_start(stage, side)
            for figure, value in found.items():
                samples[side, figure].append(value)
            told = ", ".join(f"{figure.name} {value:.2f} {figure.unit}" for figure, value in found.items())
            stage.say(f"start {pair + 1}/{plan.pairs} {side.value}: {told}")
    return [
        Result(figure, tuple(samples[Side.OURS, figure]), tuple(samples[Side.BARE, figure]))
        for figure in (
            figures.START_TO_SLOT,
            figures.CPU_UNTIL_SLOT,
            figures.PROCESSES_UNTIL_SLOT,
            figures.STOP_IDLE,
        )
    ]


def measure_job(stage: Stage, plan: Plan) -> list[Result]:
    """Start both sides in turn while a job waits."""
    samples: dict[Side, list[float]] = {side: [] for side in Side}
    for pair in range(plan.pairs):
        for side in in_turn(pair):
            seconds = _one_start_with_job(stage, side)
            samples[side].append(seconds)
            stage.say(f"start with a job {pair + 1}/{plan.pairs} {side.value}: {seconds:.2f} s")
    return [Result(figures.START_TO_JOB, tuple(samples[Side.OURS]), tuple(samples[Side.BARE]))]


def in_turn(pair: int) -> Iterator[Side]:
    """Yield both sides, in the other order each time, so that a drift of the machine hits both alike."""
    yield from (Side.BARE, Side.OURS) if pair % 2 == 0 else (Side.OURS, Side.BARE)


def _one_start(stage: Stage, side: Side) -> dict[Figure, float]:
    with stage.side(side) as running:
        stage.watch.forget()
        with counting(running.pid) as births:
            cpu = running.cpu_seconds()
            began = running.go()
            slot = stage.watch.slot()
            # Read at once, a few milliseconds after the collector wrote its line.
            cpu, processes = running.cpu_seconds() - cpu, births.count
        time.sleep(SETTLE_SECONDS)
        stop = running.stop(timeout=GRACE + 30)
    return {
        figures.START_TO_SLOT: slot.when - began,
        figures.CPU_UNTIL_SLOT: cpu,
        figures.PROCESSES_UNTIL_SLOT: processes,
        figures.STOP_IDLE: stop,
    }


def _one_start_with_job(stage: Stage, side: Side) -> float:
    """Return the seconds from the start to the job, less those that the slot waited for the pool to look.

    The embedded pool looks for matches every two seconds, and chance would decide the figure. A slot that is
    there but takes no job when the pool first looks does not gain by this.
    """
    [cluster] = stage.pool.submit_text(JOB)
    with stage.side(side) as running:
        stage.watch.forget()
        began = running.go()
        slot = stage.watch.slot()
        cycle = stage.watch.wait(
            CycleStarted, lambda event: event.when > slot.when, timeout=30, what="a negotiation cycle"
        )
        stage.watch.wait(
            JobEvent,
            lambda event: event.cluster == cluster and event.kind == JOB_ENDED,
            timeout=120,
            what="a waiting job's run",
        )
        running.stop(timeout=GRACE + 30)
    [job] = stage.pool.jobs([cluster])
    moment = stage.pool.output(job).strip()
    if not moment:
        raise NodeError(f"job {job.id} ended without saying when it ran: {job.outcome()}")
    return float(moment) - began - (cycle.when - slot.when)
