"""Measure an idle pilot: memory and CPU of all that is not HTCondor."""

from __future__ import annotations

import time

from bench import figures
from bench.figures import Result
from bench.plan import Plan
from bench.processes import cpu_between, not_condor, tree
from bench.sides import Side
from bench.stage import Stage

SETTLE_SECONDS = 5.0
"""Between the slot's appearance and the first look: the pilot has joined and asks the pool no more."""


def measure(stage: Stage, plan: Plan) -> list[Result]:
    """Let both sides idle, one alone after the other: two of them would share the pages of their image."""
    memory: dict[Side, float] = {}
    cpu: dict[Side, float] = {}
    for side in Side:
        with stage.side(side) as running:
            stage.watch.forget()
            running.go()
            stage.watch.slot()
            stage.say(f"idle {side.value}: {plan.idle_seconds:g} s")
            time.sleep(SETTLE_SECONDS)
            before = not_condor(tree(running.pid))
            time.sleep(plan.idle_seconds)
            after = not_condor(tree(running.pid))
            memory[side] = sum(process.pss_mb for process in after)
            cpu[side] = cpu_between(before, after) / plan.idle_seconds * 100
            parts = ", ".join(f"{process.name} {process.pss_mb:.1f} MB" for process in after)
            stage.say(f"idle {side.value}: {parts}; {cpu[side]:.3f} % of a CPU")
    return [
        Result(figures.PSS, (memory[Side.OURS],), (memory[Side.BARE],)),
        Result(figures.IDLE_CPU, (cpu[Side.OURS],), (cpu[Side.BARE],)),
    ]
