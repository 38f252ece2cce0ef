from __future__ import annotations

import json

from ospilot.demo import jobs as demo_jobs
from ospilot.demo import verdict
from ospilot.demo.verdict import Report, Snapshot
from ospilot.pool import Job, JobStatus, PoolInfo, Slot

EXPECTED = demo_jobs.expected_codes()


def ended(name: str, code: int, number: int = 0) -> Job:
    return Job(1, number, name, JobStatus.COMPLETED, 100, 101, 104, exit_code=code, host="slot1_1@x@demo-a.h")


def as_meant() -> list[Job]:
    return [ended(name, code, number) for number, (name, code) in enumerate(EXPECTED.items())]


def report(jobs: list[Job]) -> Report:
    snapshot = Snapshot(13.2, ("demo-a", "demo-b"), (), tuple(jobs), {"demo-a.h": "demo-a"})
    return Report(
        snapshot, PoolInfo("demo-1", "127.0.0.1:1", "d", "c"), ("a", "b"), EXPECTED, {"1.0": "hi\n"}
    )


def test_twelve_ends_as_meant_are_a_success_and_the_failure_is_the_jobs() -> None:
    good = report(as_meant())
    assert good.ok
    assert "plain-4 failed on purpose: the job's failure" in good.sentence()


def test_a_failing_job_that_does_not_fail_is_a_problem() -> None:
    jobs = [ended(job.name, 0, job.proc) for job in as_meant()]
    assert verdict.problems(jobs, EXPECTED) == ["plain-4 should have ended with 3, but: exit 0"]
    assert not report(jobs).ok


def test_a_held_job_tells_why_and_those_behind_it_are_one_line() -> None:
    jobs = as_meant()
    jobs[4] = Job(1, 4, "sif-1", JobStatus.HELD, 100, reason="no such file")
    jobs[5] = Job(1, 5, "sif-2", JobStatus.IDLE, 100)
    jobs[6] = Job(1, 6, "sif-3", JobStatus.RUNNING, 100)
    assert verdict.problems(jobs, EXPECTED) == [
        "sif-1 should have ended with 0, but: held: no such file",
        "not waited for: sif-2, sif-3",
    ]
    assert report(jobs).sentence() == "9 of 12 jobs ended as expected within 13 s."


def test_a_job_that_is_nowhere_is_a_problem() -> None:
    assert verdict.problems(as_meant()[1:], EXPECTED) == [
        "plain-1 is neither in the queue nor in the history"
    ]


def test_jobs_that_slots_give_back_are_named_but_one_return_is_chance() -> None:
    jobs = [
        Job(1, number, f"j{number}", status, 100, starts=starts)
        for number, (status, starts) in enumerate(
            [(JobStatus.IDLE, 2), (JobStatus.IDLE, 1), (JobStatus.RUNNING, 2), (JobStatus.COMPLETED, 3)]
        )
    ]
    assert verdict.returning(jobs) == ["j0"]


def test_of_a_log_the_lines_that_speak_of_trouble_are_shown() -> None:
    log = "\n".join([*(f"line {n}" for n in range(50)), "FATAL: no image", "Failed to start job", "bye"])
    assert verdict.telling_lines(log) == ["FATAL: no image", "Failed to start job"]


def test_of_a_log_without_trouble_the_end_is_shown() -> None:
    lines = verdict.telling_lines("\n".join(f"line {n}" for n in range(50)))
    assert lines[-1] == "line 49"
    assert len(lines) == verdict.LOG_LINES
    assert verdict.telling_lines("") == []


def test_news_tells_each_change_once() -> None:
    slot = Slot("slot1@x@demo-a.h", "demo-a.h", "Unclaimed", "Idle", 2, 1024, resource="demo-a")
    before = Snapshot(1.0, jobs=(Job(1, 0, "plain-1", JobStatus.IDLE, 100),))
    after = Snapshot(2.0, (), (slot,), (ended("plain-1", 0),), {"demo-a.h": "demo-a"})
    assert verdict.news(Snapshot(0.0), before) == []
    assert verdict.news(before, after) == ["pilot demo-a joined with 2 CPUs", "plain-1: exit 0 at demo-a"]
    assert verdict.news(after, after) == []


def test_the_report_for_machines_says_per_job_whether_it_went_as_meant() -> None:
    data = json.loads(json.dumps(report(as_meant()).as_data()))
    assert data["ok"] is True
    assert all(job["as_expected"] for job in data["jobs"])
    first, fourth = data["jobs"][0], data["jobs"][3]
    assert (first["pilot"], first["printed"]) == ("demo-a", "hi\n")
    assert (fourth["exit_code"], fourth["expected_exit_code"]) == (3, 3)
