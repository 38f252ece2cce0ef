"""How much is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """How often each thing is measured on each side, and for how long."""

    pairs: int = 5
    """Starts of each kind: enough for a median that one disturbance does not move."""
    rounds: int = 3
    """Series of jobs of each kind: each is an average over its jobs already."""
    jobs: int = 20
    idle_seconds: float = 60.0


QUICK = Plan(pairs=2, rounds=1, jobs=5, idle_seconds=10.0)
"""Says whether the benchmark works; its figures are no figures."""
