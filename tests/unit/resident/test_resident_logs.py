"""HTCondor's logs as our lines."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ospilot.resident.logs import READ_LIMIT, LogDirectory, LogTail, daemon_of, shown

WHEN = "2026-01-02T03:04:05.678"
LATER = "2026-01-02T03:04:06.000"


def event(text: str, when: str = WHEN) -> str:
    return f"{when} (pid:42) {text}\n"


def line(text: str, when: str = WHEN, daemon: str = "startd") -> str:
    return f"{when}Z {daemon:<14} {text}"


def tail(path: Path) -> LogTail:
    return LogTail(str(path), "startd")


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


@pytest.mark.parametrize(
    ("name", "daemon"),
    [
        ("MasterLog", "master"),
        ("StartLog", "startd"),
        ("SharedPortLog", "shared_port"),
        ("StarterLog.slot1", "starter slot1"),
        ("StarterLog.slot1_12", "starter slot1_12"),
        ("MasterLog.old", None),
        ("StartLog.old", None),
        ("StarterLog.slot1_12.old", None),
        ("StarterLog", None),
        ("StarterLog.testing", None),
        ("ProcLog", None),
        ("XferStatsLog", None),
        ("masterlog", None),
        ("", None),
    ],
)
def test_the_daemon_of_each_log(name: str, daemon: str | None) -> None:
    assert daemon_of(name) == daemon


def test_an_event_becomes_one_line_with_time_and_daemon_and_without_the_pid() -> None:
    assert shown("startd", event("Changing state")) == f"{WHEN}Z {'startd':<14} Changing state"


def test_an_event_without_fractions_and_pid_is_understood_too() -> None:
    assert shown("startd", "2026-01-02T03:04:05 hello") == line("hello", "2026-01-02T03:04:05")


def test_a_line_that_is_no_event_is_shown_as_it_is() -> None:
    assert shown("startd", "ERROR at line 7") == f"{'startd':<14} ERROR at line 7"


@pytest.mark.parametrize(
    "text",
    [
        "******************************************************",
        "** condor_startd (CONDOR_STARTD) STARTING UP",
        "** /usr/sbin/condor_startd",
        "",
        "   ",
    ],
)
def test_banners_and_empty_events_are_not_shown(text: str) -> None:
    assert shown("startd", event(text)) is None


def test_the_lines_of_one_event_are_joined(tmp_path: Path) -> None:
    log = tmp_path / "StartLog"
    log.write_text(event("first\n  second\n\n\tthird") + event("next", LATER))
    assert list(tail(log).lines()) == [line("first | second | third"), line("next", LATER)]


def test_banners_are_dropped_and_what_stands_between_them_stays(tmp_path: Path) -> None:
    log = tmp_path / "StartLog"
    log.write_text(event("*" * 54) + event("** STARTING UP") + event("Using config source") + event("*" * 54))
    assert list(tail(log).lines()) == [line("Using config source")]


def test_each_line_is_shown_once(tmp_path: Path) -> None:
    log = tmp_path / "StartLog"
    log.write_text(event("one"))
    one = tail(log)
    assert list(one.lines()) == [line("one")]
    assert list(one.lines()) == []
    append(log, event("two"))
    assert list(one.lines()) == [line("two")]


def test_a_line_that_is_not_yet_complete_is_kept_for_later(tmp_path: Path) -> None:
    log = tmp_path / "StartLog"
    whole = event("a job has ended")
    log.write_text(event("one") + whole[:30])
    one = tail(log)
    assert list(one.lines()) == [line("one")]
    assert list(one.lines()) == []
    append(log, whole[30:40])
    assert list(one.lines()) == []
    append(log, whole[40:])
    assert list(one.lines()) == [line("a job has ended")]


def test_a_log_that_is_not_there_yet_is_followed_once_it_is(tmp_path: Path) -> None:
    log = tmp_path / "StartLog"
    one = tail(log)
    assert list(one.lines()) == []
    log.write_text(event("born"))
    assert list(one.lines()) == [line("born")]


def test_a_log_is_followed_across_rotation(tmp_path: Path) -> None:
    log = tmp_path / "StartLog"
    log.write_text(event("before, and a long line at that"))
    one = tail(log)
    assert len(list(one.lines())) == 1
    log.rename(tmp_path / "StartLog.old")
    log.write_text(event("after"))
    assert list(one.lines()) == [line("after")]


def test_a_rotated_log_longer_than_the_old_one_is_read_from_its_beginning(tmp_path: Path) -> None:
    log = tmp_path / "StartLog"
    log.write_text(event("x"))
    one = tail(log)
    assert len(list(one.lines())) == 1
    log.rename(tmp_path / "StartLog.old")
    log.write_text(event("first after the rotation") + event("second"))
    assert list(one.lines()) == [line("first after the rotation"), line("second")]


def test_a_truncated_log_is_read_from_its_beginning(tmp_path: Path) -> None:
    log = tmp_path / "StartLog"
    log.write_text(event("one") + event("two"))
    one = tail(log)
    assert len(list(one.lines())) == 2
    os.truncate(log, 0)
    assert list(one.lines()) == []
    append(log, event("anew"))
    assert list(one.lines()) == [line("anew")]


def test_a_flood_is_shown_in_pieces_and_nothing_of_it_is_lost(tmp_path: Path) -> None:
    log = tmp_path / "StartLog"
    events = [event(f"number {number:06d}") for number in range(3 * READ_LIMIT // 40)]
    log.write_text("".join(events))
    one = tail(log)
    pieces = []
    while piece := list(one.lines()):
        pieces.append(piece)
    assert len(pieces) > 1
    assert [text for piece in pieces for text in piece] == [
        line(f"number {number:06d}") for number in range(len(events))
    ]


def test_bytes_that_are_no_text_are_shown_as_something(tmp_path: Path) -> None:
    log = tmp_path / "StartLog"
    log.write_bytes(event("job \N{GREEK SMALL LETTER PI}").encode() + b"2026-01-02T03:04:05 \xff\xfe\n")
    first, second = tail(log).lines()
    assert first == line("job \N{GREEK SMALL LETTER PI}")
    assert second.startswith("2026-01-02T03:04:05Z")


def test_a_directory_shows_its_daemons_and_slots_that_come_later(tmp_path: Path) -> None:
    directory = LogDirectory(str(tmp_path))
    (tmp_path / "MasterLog").write_text(event("m"))
    (tmp_path / "ProcLog").write_text(event("internal"))
    assert list(directory.lines()) == [line("m", daemon="master")]
    (tmp_path / "StarterLog.slot1_1").write_text(event("job 1"))
    assert list(directory.lines()) == [line("job 1", daemon="starter slot1_1")]
    append(tmp_path / "MasterLog", event("m2", LATER))
    assert list(directory.lines()) == [line("m2", LATER, "master")]


def test_a_directory_that_is_not_there_shows_nothing(tmp_path: Path) -> None:
    assert list(LogDirectory(str(tmp_path / "none")).lines()) == []


def test_what_was_written_just_before_a_rotation_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "StartLog"
    append(path, event("one"))
    log = tail(path)
    assert list(log.lines()) == [line("one")]
    append(path, event("two") + f"{WHEN} (pid:42) par")
    path.rename(tmp_path / "StartLog.old")
    append(path, event("three", LATER))
    assert list(log.lines()) == [line("two"), line("par"), line("three", LATER)]


def test_a_letter_whose_bytes_come_one_by_one_stays_whole(tmp_path: Path) -> None:
    path = tmp_path / "StartLog"
    log = tail(path)
    whole = event("größe").encode()
    cut = whole.index("ö".encode()) + 1
    path.write_bytes(whole[:cut])
    assert list(log.lines()) == []
    with path.open("ab") as file:
        file.write(whole[cut:])
    assert list(log.lines()) == [line("größe")]
