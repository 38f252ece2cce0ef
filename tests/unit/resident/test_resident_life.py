"""The decision what to do next, over tables and whole lives, without a clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ospilot.resident.life import (
    JOIN_PATIENCE,
    KILL_MARGIN,
    SETTLE,
    Cause,
    Snapshot,
    State,
    Step,
    StopTimes,
    decide,
)

IDLE_SECONDS = 1800.0


def replace(seen: Snapshot, **changes: object) -> Snapshot:
    return seen.but(**changes)


START = 1000.0
"""The moment at which the pilots of this file start."""

PUSHES = {Step.VACATE: 1, Step.QUIT: 2, Step.KILL: 3}
"""What each push makes of Snapshot.signalled."""

STARTING = Snapshot(
    now=START,
    state=State.STARTING,
    started=START,
    joined=False,
    jobs=0,
    idle_since=START,
    master_alive=True,
)
ACCEPTING = replace(STARTING, state=State.ACCEPTING, joined=True)
LEAVING = replace(ACCEPTING, state=State.RETIRING, leaving_since=START, stop_requests=1)


def after(seen: Snapshot, seconds: float) -> Snapshot:
    return replace(seen, now=START + seconds)


def next_step(seen: Snapshot, grace: float = 60) -> tuple[Step, Cause | None]:
    return decide(seen, idle_seconds=IDLE_SECONDS, grace=grace)


@pytest.mark.parametrize(
    ("seen", "step", "cause"),
    [
        (STARTING, Step.WAIT, None),
        (after(STARTING, JOIN_PATIENCE), Step.WAIT, None),
        (after(STARTING, JOIN_PATIENCE + 1), Step.RETIRE, Cause.NOT_JOINED),
        (replace(STARTING, joined=True), Step.ACCEPT, None),
        (after(replace(STARTING, joined=True), JOIN_PATIENCE + 1), Step.ACCEPT, None),
        (replace(STARTING, stop_requests=1), Step.RETIRE, Cause.STOPPED),
        (replace(STARTING, stop_requests=4), Step.RETIRE, Cause.STOPPED),
        (replace(STARTING, joined=True, stop_requests=1), Step.RETIRE, Cause.STOPPED),
        (ACCEPTING, Step.WAIT, None),
        (after(ACCEPTING, IDLE_SECONDS - 1), Step.WAIT, None),
        (after(ACCEPTING, IDLE_SECONDS), Step.RETIRE, Cause.IDLE),
        (after(replace(ACCEPTING, jobs=1), IDLE_SECONDS * 9), Step.WAIT, None),
        (after(replace(ACCEPTING, idle_since=START + 900), IDLE_SECONDS), Step.WAIT, None),
        (after(replace(ACCEPTING, idle_since=START + 900), IDLE_SECONDS + 900), Step.RETIRE, Cause.IDLE),
        (replace(ACCEPTING, stop_requests=1), Step.RETIRE, Cause.STOPPED),
        (after(replace(ACCEPTING, stop_requests=1), IDLE_SECONDS), Step.RETIRE, Cause.STOPPED),
        (replace(ACCEPTING, jobs=3, stop_requests=1), Step.RETIRE, Cause.STOPPED),
        (replace(STARTING, master_alive=False), Step.LEAVE, None),
        (replace(ACCEPTING, master_alive=False, jobs=2), Step.LEAVE, None),
        (replace(ACCEPTING, master_alive=False, stop_requests=1), Step.LEAVE, None),
        (replace(LEAVING, master_alive=False, jobs=1), Step.LEAVE, None),
        (after(replace(LEAVING, master_alive=False), 9999), Step.LEAVE, None),
    ],
)
def test_the_next_step_of_a_pilot(seen: Snapshot, step: Step, cause: Cause | None) -> None:
    assert next_step(seen) == (step, cause)


@pytest.mark.parametrize(
    ("jobs", "stops", "signalled", "step"),
    [
        (1, 1, 0, Step.WAIT),
        (0, 1, 0, Step.VACATE),
        (0, 1, 1, Step.WAIT),
        (1, 2, 0, Step.VACATE),
        (1, 2, 1, Step.WAIT),
        (1, 3, 0, Step.QUIT),
        (1, 3, 1, Step.QUIT),
        (1, 3, 2, Step.WAIT),
        (1, 4, 0, Step.KILL),
        (1, 4, 2, Step.KILL),
        (1, 4, 3, Step.WAIT),
        (1, 99, 3, Step.WAIT),
        (0, 4, 2, Step.KILL),
        (2, 0, 0, Step.WAIT),
        (0, 0, 0, Step.VACATE),
    ],
)
def test_each_further_stop_request_pushes_harder(jobs: int, stops: int, signalled: int, step: Step) -> None:
    seen = replace(LEAVING, jobs=jobs, stop_requests=stops, signalled=signalled)
    assert next_step(after(seen, 1)) == (step, None)


@pytest.mark.parametrize(
    ("jobs", "stops", "age", "step"),
    [
        (1, 2, SETTLE - 0.1, Step.WAIT),
        (1, 2, SETTLE, Step.VACATE),
        (0, 2, SETTLE - 0.1, Step.VACATE),
        (1, 3, 0.0, Step.QUIT),
        (1, 4, 0.0, Step.KILL),
    ],
)
def test_a_job_that_has_just_come_is_set_up_before_it_is_vacated_unless_haste_is_asked_for(
    jobs: int, stops: int, age: float, step: Step
) -> None:
    seen = replace(LEAVING, jobs=jobs, stop_requests=stops, youngest_since=START + 1 - age)
    assert next_step(after(seen, 1)) == (step, None)


def test_a_job_that_has_just_come_does_not_hold_up_the_end_of_the_grace() -> None:
    young = replace(LEAVING, jobs=1, youngest_since=START + 9)
    assert next_step(after(young, 7), grace=10) == (Step.WAIT, None)
    assert next_step(after(young, 8.5), grace=10) == (Step.QUIT, None)
    assert next_step(after(young, 9.5), grace=10) == (Step.KILL, None)


@pytest.mark.parametrize(
    ("grace", "timeline"),
    [
        (10, [(5.0, Step.VACATE), (8.5, Step.QUIT), (9.5, Step.KILL)]),
        (60, [(45.0, Step.VACATE), (55.0, Step.QUIT), (59.5, Step.KILL)]),
        (120, [(90.0, Step.VACATE), (115.0, Step.QUIT), (119.5, Step.KILL)]),
        (3600, [(3570.0, Step.VACATE), (3595.0, Step.QUIT), (3599.5, Step.KILL)]),
        (4, [(0.0, Step.VACATE), (2.5, Step.QUIT), (3.5, Step.KILL)]),
        (1, [(0.0, Step.QUIT), (0.5, Step.KILL)]),
    ],
)
def test_a_job_that_never_ends_meets_each_push_at_its_time(
    grace: float, timeline: list[tuple[float, Step]]
) -> None:
    assert pushes(replace(LEAVING, jobs=1), grace) == timeline


def pushes(leaving: Snapshot, grace: float) -> list[tuple[float, Step]]:
    """Live through the whole grace in steps of half a second; return each push and when it came."""
    found = []
    seen = leaving
    for halves in range(int(grace * 2) + 20):
        seen = after(seen, halves / 2)
        step, cause = next_step(seen, grace)
        assert cause is None
        if step in PUSHES:
            found.append((halves / 2, step))
            seen = replace(seen, signalled=PUSHES[step])
        else:
            assert step is Step.WAIT
    return found


@given(
    grace=st.integers(1, 300),
    stops=st.lists(st.floats(0, 300), max_size=5),
    job_ends=st.none() | st.floats(0, 300),
)
def test_no_push_comes_twice_and_each_is_harder_than_the_one_before(
    grace: int, stops: list[float], job_ends: float | None
) -> None:
    seen = LEAVING
    found: list[int] = []
    for halves in range(grace * 2 + 20):
        now = halves / 2
        requests = 1 + sum(at <= now for at in stops)
        jobs = 0 if job_ends is not None and now >= job_ends else 1
        seen = after(replace(seen, stop_requests=requests, jobs=jobs), now)
        step, _ = next_step(seen, grace)
        if step in PUSHES:
            found.append(PUSHES[step])
            seen = replace(seen, signalled=PUSHES[step])
    assert found == sorted(set(found))
    assert found[-1] == 3


@given(grace=st.integers(1, 7 * 86400) | st.floats(1, 7 * 86400))
def test_the_steps_of_a_stop_are_in_order_and_within_every_grace(grace: float) -> None:
    times = StopTimes.within(grace)
    assert 0 <= times.vacate <= times.quit <= times.kill <= grace
    assert times.kill == grace - KILL_MARGIN


@given(grace=st.integers(20, 7 * 86400))
def test_a_grace_of_some_length_is_mostly_the_jobs_own(grace: int) -> None:
    times = StopTimes.within(grace)
    assert times.vacate >= grace * 0.75
    assert times.quit - times.vacate > 0
    assert grace - times.quit <= 5


@given(
    seen=st.builds(
        Snapshot,
        now=st.floats(0, 1e6),
        state=st.sampled_from(State),
        started=st.floats(0, 1e6),
        joined=st.booleans(),
        jobs=st.integers(0, 9),
        idle_since=st.floats(0, 1e6),
        master_alive=st.booleans(),
        stop_requests=st.integers(0, 9),
        leaving_since=st.none() | st.floats(0, 1e6),
        signalled=st.integers(0, 3),
    ),
    grace=st.integers(1, 7 * 86400),
)
def test_a_cause_is_told_exactly_when_the_pilot_begins_to_leave(seen: Snapshot, grace: int) -> None:
    step, cause = next_step(seen, grace)
    assert (cause is not None) is (step is Step.RETIRE)
    assert (step is Step.LEAVE) is (not seen.master_alive)
    if seen.leaving_since is not None:
        assert step not in (Step.RETIRE, Step.ACCEPT)


@pytest.mark.parametrize(
    ("cause", "plain", "detailed"),
    [
        (Cause.IDLE, 0, 10),
        (Cause.STOPPED, 0, 40),
        (Cause.MASTER_ENDED, 0, 40),
        (Cause.MASTER_DIED, 30, 30),
        (Cause.NO_DISK, 30, 30),
        (Cause.NOT_JOINED, 31, 31),
    ],
)
def test_each_cause_has_its_exit_code_plain_and_detailed(cause: Cause, plain: int, detailed: int) -> None:
    assert cause.exit_code(detailed=False) == plain
    assert cause.exit_code(detailed=True) == detailed


def test_the_table_above_knows_every_cause_and_each_says_something_of_its_own() -> None:
    assert len(Cause) == 6
    assert len({cause.text for cause in Cause}) == len(Cause)


def test_each_state_means_something_of_its_own() -> None:
    assert len({state.meaning for state in State}) == len(State)
