"""The end of a pilot: what condor_master left is ended, ads are withdrawn, the directory is removed."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable

from ospilot.resident import processes
from ospilot.resident.plan import ResidentPlan

STARTDS = frozenset({"condor_startd"})
LAST_WORDS = 8.0
"""Seconds that an orphaned startd gets to give up its claims; HTCondor looks 5 s for a procd that is gone."""
LOOK_EVERY = 0.05

Reap = Callable[[], None]
"""Collects children that have ended, so that they do not count as living."""


def end_orphans(patience: float, reap: Reap) -> None:
    """End what condor_master left, so that its jobs are back in the queue and its ads leave the pool.

    The startd is asked first: it gives up its claims. With a job it takes some seconds, because the procd died
    with condor_master and HTCondor looks for it. Then the rest is killed. Waits ``patience`` seconds at most for
    each of the two.
    """
    end(processes.named(processes.descendants(), STARTDS), signal.SIGQUIT, patience, reap)
    end(processes.descendants(), signal.SIGKILL, patience, reap)


def withdraw(plan: ResidentPlan, patience: float, reap: Reap) -> None:
    """Take the pilot's ads out of the collector, which would show them for a quarter of an hour.

    Does nothing where the startd did it itself; waits ``patience`` seconds at most.
    """
    asked = set()
    for command, kind, wanted in (
        ("INVALIDATE_STARTD_ADS", "Machine", f'regexp("@{plan.pilot}@", Name)'),
        ("INVALIDATE_MASTER_ADS", "DaemonMaster", f'regexp("^{plan.pilot}@", Name)'),
    ):
        query = processes.memory(f'MyType = "Query"\nTargetType = "{kind}"\nRequirements = {wanted}\n')
        answer = processes.memory()
        argv = ["condor_advertise", "-pool", plan.pool, command, "/dev/stdin"]
        asked.add(processes.spawn(argv, plan.environment, given=query, output=answer))
        os.close(query)
        os.close(answer)
    end(asked, None, patience, reap)


def end(targets: set[int], number: signal.Signals | None, patience: float, reap: Reap) -> None:
    """Send a signal, if any, and wait at most ``patience`` seconds until the targets are gone."""
    if number is not None:
        processes.send(targets, number)
    until = time.monotonic() + patience
    while targets & processes.descendants() and time.monotonic() < until:
        time.sleep(LOOK_EVERY)
        reap()


def remove(directory: str) -> None:
    """Remove a pilot's directory with the token copies, scratch and logs in it; say if something was left."""
    pid = processes.spawn(["rm", "-rf", "--one-file-system", "--", directory], dict(os.environ))
    while True:
        done, status = os.waitpid(-1, 0)
        if done == pid:
            break
    if status != 0:
        sys.stderr.write(f"ospilot: {directory} could not be removed whole\n")
