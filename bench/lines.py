"""The lines that HTCondor's daemons of the pool write, as events with the moment they happened. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

POOL_CONFIG = """
# The benchmark reads moments from the pool's logs: to the millisecond, free of time zones.
ALL_DEBUG = D_SUB_SECOND
DEBUG_TIME_FORMAT = "%s"
EVENT_LOG = $(LOG)/EventLog
EVENT_LOG_FORMAT_OPTIONS = ISO_DATE SUB_SECOND UTC
"""
"""Added to the configuration of the embedded pool while it runs."""

LOGS = ("CollectorLog", "NegotiatorLog", "EventLog")
"""The logs in which everything that is measured leaves a line."""

JOB_EXECUTES = 1
JOB_ENDED = 5
TROUBLE = {4: "was evicted", 7: "lost its shadow", 9: "was removed", 12: "was held", 22: "was disconnected"}
"""Numbers of job events: those that count, and those after which a figure would mean nothing."""

_SLOT = re.compile(r'(\d+\.\d+) .*(?:MachineSlotAd|StartdAd)\s*: Inserting .*"< (slot1@[^ ,]+)')
_CYCLE = re.compile(r"(\d+\.\d+) .*Started Negotiation Cycle")
_JOB = re.compile(r"(\d{3}) \((\d+)\.(\d+)\.\d+\) (\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\.\d+)Z? ")


@dataclass(frozen=True)
class SlotAppeared:
    """The collector got the first ad of a partitionable slot."""

    when: float
    name: str


@dataclass(frozen=True)
class CycleStarted:
    """The negotiator began to match jobs and slots."""

    when: float


@dataclass(frozen=True)
class JobEvent:
    """Something happened to a job; ``kind`` is HTCondor's number of the event."""

    when: float
    kind: int
    cluster: int
    proc: int


Event = SlotAppeared | CycleStarted | JobEvent


def event_of(line: str) -> Event | None:
    """Given one line of the pool's logs, return the event that it tells, or None; times since 1970."""
    if found := _SLOT.match(line):
        return SlotAppeared(float(found[1]), found[2])
    if found := _CYCLE.match(line):
        return CycleStarted(float(found[1]))
    if found := _JOB.match(line):
        when = datetime.fromisoformat(f"{found[4]}+00:00").timestamp()
        return JobEvent(when, int(found[1]), int(found[2]), int(found[3]))
    return None
