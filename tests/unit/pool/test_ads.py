from __future__ import annotations

import json
from typing import Any

import pytest

from ospilot.pool import ads
from ospilot.pool.ads import JobStatus

IDLE: dict[str, Any] = {
    "ClusterId": 3,
    "ProcId": 0,
    "Cmd": "/home/researcher/submissions/a1/hello.sh",
    "Args": "one two",
    "JobStatus": 1,
    "QDate": 1000,
    "Iwd": "/home/researcher/submissions/a1",
    "Out": "hello.out",
    "Err": "/dev/null",
}
ENDED = {
    **IDLE,
    "JobStatus": 4,
    "ExitBySignal": False,
    "ExitCode": 3,
    "CompletionDate": 1009,
    "JobCurrentStartExecutingDate": 1004,
    "LastRemoteHost": "slot1_1@ospilot-1@demo-a",
}


def test_a_job_that_waits_has_neither_place_nor_end() -> None:
    job = ads.job_from(IDLE)
    assert (job.id, job.name, job.status) == ("3.0", "hello.sh one two", JobStatus.IDLE)
    assert (job.host, job.started, job.ended, job.exit_code, job.seconds) == (None, None, None, None, None)


def test_a_job_that_ended_tells_code_place_and_time() -> None:
    job = ads.job_from(ENDED)
    assert (job.exit_code, job.signal, job.host, job.seconds) == (3, None, "slot1_1@ospilot-1@demo-a", 9)
    assert job.outcome() == "exit 3"
    assert not job.succeeded
    assert ads.job_from({**ENDED, "ExitCode": 0}).succeeded


def test_a_job_that_a_signal_ended_has_no_exit_code() -> None:
    job = ads.job_from({**ENDED, "ExitBySignal": True, "ExitSignal": 9})
    assert (job.exit_code, job.signal, job.outcome()) == (None, 9, "signal 9")


def test_the_exit_code_of_an_earlier_run_is_not_a_running_jobs() -> None:
    assert ads.job_from({**ENDED, "JobStatus": 2}).exit_code is None


def test_a_held_job_says_why_and_is_settled_but_not_ended() -> None:
    job = ads.job_from({**IDLE, "JobStatus": 5, "HoldReason": "no such image"})
    assert job.reason == "no such image"
    assert job.status.settled
    assert not job.status.ended


def test_a_removed_job_ended_when_it_entered_that_state() -> None:
    assert ads.job_from({**IDLE, "JobStatus": 3, "EnteredCurrentStatus": 1005}).seconds == 5


def test_output_lies_in_the_jobs_folder_and_dev_null_is_none() -> None:
    job = ads.job_from(IDLE)
    assert job.output == "/home/researcher/submissions/a1/hello.out"
    assert job.error is None


@pytest.mark.parametrize("attribute", ["ContainerImage", "SingularityImage", "DockerImage"])
def test_each_way_to_name_an_image_is_understood(attribute: str) -> None:
    assert ads.job_from({**IDLE, attribute: "box.sif"}).image == "box.sif"


def test_an_attribute_that_is_an_expression_counts_as_unknown() -> None:
    assert ads.job_from({**IDLE, "QDate": "/Expr(time())/"}).submitted == 0


def test_queue_and_history_give_each_job_once_and_the_history_has_the_last_word() -> None:
    queue = json.dumps([{**IDLE, "JobStatus": 2}, {**IDLE, "ClusterId": 2}])
    jobs = ads.jobs_from(queue, json.dumps([ENDED]))
    assert [(job.id, job.status) for job in jobs] == [("2.0", JobStatus.IDLE), ("3.0", JobStatus.COMPLETED)]


@pytest.mark.parametrize("nothing", ["", "\n", "[\n]\n"])
def test_an_empty_answer_is_no_jobs_and_no_slots(nothing: str) -> None:
    assert ads.jobs_from(nothing, nothing) == []
    assert ads.slots_from(nothing) == []


def test_slots_come_by_pilot_with_what_the_pilot_says() -> None:
    slot = {
        "Name": "slot1@ospilot-1@demo-b.here",
        "Machine": "demo-b.here",
        "State": "Unclaimed",
        "Activity": "Idle",
        "Cpus": 2,
        "Memory": 1024,
        "PartitionableSlot": True,
        "GLIDEIN_ResourceName": "demo-b",
        "GLIDEIN_Site": "north",
        "OSPilotState": "ACCEPTING",
    }
    other = {"Name": "slot1@alpha", "State": "Claimed", "Activity": "Busy", "Cpus": 1, "Memory": 128}
    first, second = ads.slots_from(json.dumps([slot, other]))
    assert (first.pilot, first.site, dict(first.attributes)) == ("alpha", None, {})
    assert (second.pilot, second.site) == ("demo-b", "north")
    assert dict(second.attributes) == {"OSPilotState": "ACCEPTING"}
    assert second.partitionable


@pytest.mark.parametrize(
    ("printed", "clusters"),
    [
        ("3.0 - 3.0\n", [3]),
        ("3.0 - 3.4\n4.0 - 4.0\n", [3, 4]),
        ("", []),
        ("WARNING: odd\n12.0 - 12.1\n", [12]),
    ],
)
def test_clusters_are_read_from_the_terse_answer(printed: str, clusters: list[int]) -> None:
    assert ads.clusters_from(printed) == clusters


def test_jobs_are_settled_when_none_moves_by_itself() -> None:
    ended, held, idle = (ads.job_from({**IDLE, "JobStatus": number}) for number in (4, 5, 1))
    assert ads.settled([ended, held])
    assert not ads.settled([ended, idle])
    assert ads.settled([])
