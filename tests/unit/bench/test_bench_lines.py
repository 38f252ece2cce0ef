"""Which lines of the pool's logs are events, and when they happened."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from bench.lines import JOB_ENDED, CycleStarted, JobEvent, SlotAppeared, event_of


@pytest.mark.parametrize("kind", ["MachineSlotAd:", "StartdAd     :"])
def test_the_first_ad_of_a_slot_is_its_appearance_whatever_htcondor_calls_the_ad(kind: str) -> None:
    line = f'1795226494.829 {kind} Inserting ** "< slot1@ospilot-039f@bench.vm >"\n'

    assert event_of(line) == SlotAppeared(1795226494.829, "slot1@ospilot-039f@bench.vm")


@pytest.mark.parametrize(
    "line",
    [
        '1795226495.942 MachineSlotAd: Updating ... "< slot1@ospilot-039f@bench.vm >"',
        '1795226494.829 MachinePvtAd : Inserting ** "< slot1@ospilot-039f@bench.vm >"',
        '1795226495.942 MachineSlotAd: Inserting ** "< slot1_1@ospilot-039f@bench.vm >"',
        '11/21/26 01:53:46 MachineSlotAd: Inserting ** "< slot1@ospilot-039f@bench.vm >"',
        "11/21/26 01:53:46 ---------- Started Negotiation Cycle ----------",
        "1795226494.412 Got QUERY_STARTD_ADS",
        "...",
        "\tSlotName: slot1_1@bare-323732@vm",
        "008 (-01.-01.-01) 2026-11-21 02:05:45.963Z Global JobLog: ctime=1795226745",
        "",
    ],
)
def test_other_lines_and_lines_of_the_pool_before_its_configuration_are_none(line: str) -> None:
    assert event_of(line) is None


def test_a_negotiation_cycle_begins_at_the_time_of_its_line() -> None:
    line = "1795226747.973 ---------- Started Negotiation Cycle ----------"

    assert event_of(line) == CycleStarted(1795226747.973)


@pytest.mark.parametrize("between", [" ", "T"])
def test_a_job_event_is_read_to_the_millisecond_in_utc(between: str) -> None:
    event = event_of(f"005 (012.003.000) 2026-11-21{between}02:05:49.019Z Job terminated.")

    moment = datetime(2026, 11, 21, 2, 5, 49, 19000, tzinfo=UTC).timestamp()
    assert event == JobEvent(moment, JOB_ENDED, 12, 3)
