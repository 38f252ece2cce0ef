"""The life of a pilot as data: its states, why they change, and the pure decision what to do next."""

from __future__ import annotations

import enum

from ospilot.resident.record import Record

JOIN_PATIENCE = 120.0
"""Seconds after which a pilot that the pool never showed leaves instead of waiting for nothing."""

SETTLE = 3.0
"""Seconds that a job gets to be set up before it is vacated. A starter that is told to leave in the moment before
its job runs goes without a word to the shadow, and the job stays 'running' in the queue until its lease ends."""

KILL_MARGIN = 0.5
"""Seconds before the end of the grace at which what still runs is killed, so that nothing outlives us."""


class State(enum.Enum):
    """Where a pilot is in its life; the value is what the machine ad says."""

    STARTING = "STARTING"
    ACCEPTING = "ACCEPTING"
    RETIRING = "RETIRING"
    EXITING = "EXITING"

    @property
    def meaning(self) -> str:
        """What the state means to the one who reads the log."""
        return {
            State.STARTING: "HTCondor comes up; no jobs yet",
            State.ACCEPTING: "the pool can send jobs",
            State.RETIRING: "no new jobs; running ones may finish",
            State.EXITING: "HTCondor stops, then the pilot leaves",
        }[self]


class Cause(enum.Enum):
    """Why a pilot leaves: the text of the last line, its plain exit code and its detailed one."""

    IDLE = ("no job came for the idle time", 0, 10)
    STOPPED = ("a stop was asked for", 0, 40)
    MASTER_ENDED = ("condor_master was told to stop by its administrator", 0, 40)
    MASTER_DIED = ("condor_master died", 30, 30)
    NO_DISK = ("the scratch directory takes no files", 30, 30)
    NOT_JOINED = ("the pool did not show this pilot's slot", 31, 31)

    def __init__(self, text: str, plain: int, detailed: int) -> None:
        self.text = text
        self.plain = plain
        self.detailed = detailed

    def exit_code(self, *, detailed: bool) -> int:
        """Return the exit code of a pilot that left for this cause (design section 5.6)."""
        return self.detailed if detailed else self.plain


class StopTimes(Record):
    """The steps of a stop, in seconds after it was asked for."""

    vacate: float
    """Running jobs get their soft kill: condor_master gets SIGTERM."""
    quit: float
    """HTCondor is told to be quick: SIGQUIT."""
    kill: float
    """What still runs is killed."""

    @staticmethod
    def within(grace: float) -> StopTimes:
        """Given the grace in seconds, return when each step must happen so that all ends within it.

        A quarter of the grace (5 to 30 s) is kept for jobs to write their last output, a tenth of it
        (1.5 to 5 s) for HTCondor to send it.
        """
        quick = min(max(grace / 10, 1.5), 5.0)
        soft = min(max(grace / 4, 5.0), 30.0)
        return StopTimes(
            vacate=max(0.0, grace - soft), quit=max(0.0, grace - quick), kill=max(0.0, grace - KILL_MARGIN)
        )


class Snapshot(Record):
    """What the resident process sees at one moment; times in seconds of one clock."""

    now: float
    state: State
    started: float
    joined: bool
    jobs: int
    idle_since: float
    master_alive: bool
    youngest_since: float | None = None
    """When the youngest of the jobs came."""
    stop_requests: int = 0
    leaving_since: float | None = None
    signalled: int = 0
    """How far condor_master was pushed: 0 not at all, 1 SIGTERM, 2 SIGQUIT, 3 killed."""


class Step(enum.Enum):
    """What to do next."""

    WAIT = "wait"
    ACCEPT = "accept"
    RETIRE = "retire"
    VACATE = "vacate"
    QUIT = "quit"
    KILL = "kill"
    LEAVE = "leave"


def decide(seen: Snapshot, *, idle_seconds: float, grace: float) -> tuple[Step, Cause | None]:
    """Given what is seen now, return the next step, and the cause when it begins the pilot's end."""
    if not seen.master_alive:
        return Step.LEAVE, None
    if seen.leaving_since is not None:
        return _push(seen, grace), None
    cause = _why_leave(seen, idle_seconds)
    if cause is not None:
        return Step.RETIRE, cause
    if seen.state is State.STARTING and seen.joined:
        return Step.ACCEPT, None
    return Step.WAIT, None


def _why_leave(seen: Snapshot, idle_seconds: float) -> Cause | None:
    if seen.stop_requests:
        return Cause.STOPPED
    if seen.state is State.STARTING:
        return None if seen.joined or seen.now - seen.started <= JOIN_PATIENCE else Cause.NOT_JOINED
    idle = seen.jobs == 0 and seen.now - seen.idle_since >= idle_seconds
    return Cause.IDLE if idle else None


def _push(seen: Snapshot, grace: float) -> Step:
    """Return how hard condor_master must be pushed now; never twice the same."""
    times = StopTimes.within(grace)
    leaving = seen.now - (seen.leaving_since or 0.0)
    wanted = 0
    if seen.jobs == 0 or leaving >= times.vacate or seen.stop_requests > 1:
        wanted = 1
    if seen.jobs and wanted and seen.youngest_since is not None and seen.now - seen.youngest_since < SETTLE:
        wanted = 0
    if leaving >= times.quit or seen.stop_requests > 2:  # noqa: PLR2004 - the third request
        wanted = 2
    if leaving >= times.kill or seen.stop_requests > 3:  # noqa: PLR2004 - and one more
        wanted = 3
    if wanted <= seen.signalled:
        return Step.WAIT
    return {1: Step.VACATE, 2: Step.QUIT, 3: Step.KILL}[wanted]
