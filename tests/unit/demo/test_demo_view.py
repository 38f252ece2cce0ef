from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console, RenderableType

from ospilot.demo import jobs as demo_jobs
from ospilot.demo import view
from ospilot.demo.verdict import Report, Snapshot
from ospilot.pool import Job, JobStatus, PoolInfo, Slot

EXPECTED = demo_jobs.expected_codes()
PLACES = {f"demo-{letter}.here": f"demo-{letter}" for letter in "ab"}


def slots(letter: str) -> list[Slot]:
    machine = f"demo-{letter}.here"
    bare = [
        Slot(f"slot1@x@{machine}", machine, "Unclaimed", "Idle", 0, 768, partitionable=True),
        Slot(f"slot1_1@x@{machine}", machine, "Claimed", "Busy", 1, 128, dynamic=True),
        Slot(f"slot1_2@x@{machine}", machine, "Claimed", "Idle", 1, 128, dynamic=True),
    ]
    return [replace(slot, resource=f"demo-{letter}", site=f"demo-site-{letter}") for slot in bare]


def full() -> Snapshot:
    jobs = [
        Job(
            1,
            n,
            name,
            JobStatus.COMPLETED,
            100,
            101,
            110,
            code,
            host="slot1_1@x@demo-a.here",
            image="box.sif",
        )
        for n, (name, code) in enumerate(EXPECTED.items())
    ]
    return Snapshot(13.0, ("demo-a", "demo-b"), (*slots("a"), *slots("b")), tuple(jobs), PLACES)


def report(snapshot: Snapshot) -> Report:
    outputs = {job.id: "Debian GNU/Linux forky/sid\nuid 1000 in /srv/scratch\n" for job in snapshot.jobs}
    info = PoolInfo("demo-1", "127.0.0.1:1", "d", "c")
    return Report(snapshot, info, ("ospilot-demo-1-a", "ospilot-demo-1-b"), EXPECTED, outputs)


def shown(what: RenderableType, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    with console.capture() as capture:
        console.print(what)
    return capture.get().splitlines()


@pytest.mark.parametrize("width", [80, 120])
def test_the_live_picture_fits_a_terminal_of_24_lines_and_cuts_nothing(width: int) -> None:
    lines = shown(view.live_view("watching", 12.0, full()), width)
    assert len(lines) <= 23
    assert max(map(len, lines)) <= width
    assert not [line for line in lines if "…" in line]


def test_a_pilot_that_is_not_there_yet_says_so() -> None:
    text = "\n".join(shown(view.pilots_table(Snapshot(1.0, ("demo-a",))), 80))
    assert "not in the pool yet" in text


def test_a_pilots_row_tells_its_slots_and_the_jobs_it_has_ended() -> None:
    text = "\n".join(shown(view.pilots_table(full()), 80))
    assert "0 CPUs free, slot1_1 running, slot1_2 claimed" in text
    assert "12" in text


@pytest.mark.parametrize("width", [80, 120])
def test_the_summary_keeps_each_line_of_output_whole(width: int) -> None:
    lines = shown(view.summary_table(report(full())), width)
    assert max(map(len, lines)) <= width
    assert len([line for line in lines if "uid 1000 in /srv/scratch" in line]) == 12


def test_the_failure_on_purpose_is_marked_as_meant_and_an_unmeant_one_is_not() -> None:
    meant = next(job for job in full().jobs if job.exit_code)
    assert view.result(meant, EXPECTED).plain == "exit 3 (meant)"
    assert view.result(replace(meant, name="plain-1"), EXPECTED).plain == "exit 3"


def test_the_report_of_a_failure_shows_problem_and_evidence() -> None:
    snapshot = replace(full(), jobs=full().jobs[1:])
    console = Console(file=io.StringIO(), width=80)
    with console.capture() as capture:
        view.show_report(console, replace(report(snapshot), evidence="--- demo-a\nFATAL: no image"))
    assert "plain-1 is neither in the queue nor in the history" in capture.get()
    assert "FATAL: no image" in capture.get()


def test_the_next_commands_name_pool_and_pilots() -> None:
    console = Console(file=io.StringIO(), width=200)
    with console.capture() as capture:
        view.show_next_commands(console, report(full()))
    assert "ospilot pool status --name demo-1" in capture.get()
    assert "podman rm --force ospilot-demo-1-a ospilot-demo-1-b && ospilot pool down --name demo-1" in (
        capture.get()
    )


def test_lines_tell_each_change_once_for_logs() -> None:
    file = io.StringIO()
    with view.LineReporter(Console(file=file, width=80)) as reporter:
        reporter.step("starting")
        reporter.update(full())
        reporter.update(full())
    assert file.getvalue().count("plain-4: exit 3 at demo-a") == 1
    assert "starting" in file.getvalue()


def test_the_live_reporter_leaves_a_terminal_as_it_was() -> None:
    file = io.StringIO()
    with view.LiveReporter(Console(file=file, width=80, force_terminal=True)) as reporter:
        reporter.update(full())
    assert file.getvalue().rstrip().endswith("\x1b[2K")
