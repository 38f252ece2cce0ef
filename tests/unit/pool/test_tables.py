from __future__ import annotations

import json

import pytest
from rich.console import Console, RenderableType

from ospilot.pool import tables
from ospilot.pool.ads import Job, JobStatus, Slot
from ospilot.pool.description import PoolInfo

FREE = Slot("slot1@ospilot-1@demo-a.here", "demo-a.here", "Unclaimed", "Idle", 1, 896, partitionable=True)
BUSY = Slot("slot1_1@ospilot-1@demo-a.here", "demo-a.here", "Claimed", "Busy", 1, 128, dynamic=True)
DONE = Job(1, 0, "plain-1", JobStatus.COMPLETED, 100, 102, 104, exit_code=0, host=BUSY.name)
HELD = Job(1, 1, "sif-1", JobStatus.HELD, 100, image="/x/box.sif", reason="cannot read box.sif", starts=1)


def shown(what: RenderableType, width: int = 80) -> str:
    console = Console(width=width, force_terminal=False)
    with console.capture() as capture:
        console.print(what)
    return capture.get()


def test_a_pilot_is_named_once_for_its_slots() -> None:
    text = shown(tables.slots_table([FREE, BUSY]))
    assert text.count("demo-a.here") == 1
    assert "running a job" in text
    assert "896 MiB" in text


@pytest.mark.parametrize(
    ("slot", "word"),
    [
        (FREE, "free"),
        (BUSY, "running a job"),
        (Slot("s@a", "a", "Unclaimed", "Idle", 0, 0, partitionable=True), "all in use"),
        (Slot("s@a", "a", "Claimed", "Idle", 1, 1), "claimed"),
        (Slot("s@a", "a", "Drained", "Retiring", 1, 1), "drained, retiring"),
    ],
)
def test_a_slot_says_in_words_what_it_does(slot: Slot, word: str) -> None:
    assert tables.doing(slot).plain == word


def test_a_job_shows_its_pilot_by_name_and_its_image_without_folders() -> None:
    text = shown(tables.jobs_table([DONE, HELD], {"demo-a.here": "demo-a"}))
    assert "demo-a " in text
    assert "demo-a.here" not in text
    assert "box.sif" in text
    assert "/x/" not in text


def test_a_reason_is_shown_where_there_is_one_and_costs_no_room_otherwise() -> None:
    assert "cannot read box.sif" in shown(tables.jobs_table([DONE, HELD], {}))
    assert "why" not in shown(tables.jobs_table([DONE], {}))


def test_a_job_that_comes_back_says_so() -> None:
    job = Job(1, 0, "x", JobStatus.IDLE, 100, starts=3)
    assert tables.why(job) == "slots took it 3 times; it has not ended yet"
    assert tables.why(DONE) == ""


@pytest.mark.parametrize("width", [80, 120])
def test_tables_stay_within_the_terminal(width: int) -> None:
    long = Job(1, 1, "n" * 40, JobStatus.HELD, 1, image="i" * 90, reason="because " * 40, host="s@m")
    text = shown(tables.jobs_table([DONE, long], {}), width)
    assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, ""), (0, "0 s"), (59, "59 s"), (61, "1 min 01 s"), (3720, "1 h 02 min")]
)
def test_durations_read_as_people_say_them(seconds: int | None, text: str) -> None:
    assert tables.duration(seconds) == text


def test_the_tally_counts_what_is_where() -> None:
    assert tables.tally([]) == "no jobs"
    assert tables.tally([DONE]) == "1 job: 1 done"
    assert tables.tally([DONE, DONE, HELD]) == "3 jobs: 2 done, 1 held"


def test_the_data_for_machines_is_json_and_names_states() -> None:
    info = PoolInfo("b", "127.0.0.1:1", "d", "c")
    data = json.loads(json.dumps(tables.as_data(info, [FREE], [DONE])))
    assert data["pool"]["address"] == "127.0.0.1:1"
    assert data["slots"][0]["pilot"] == "demo-a.here"
    assert (data["jobs"][0]["status"], data["jobs"][0]["seconds"]) == ("COMPLETED", 4)
