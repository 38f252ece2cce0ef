"""Attributes on their way to the startd: state file and FIFO."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ospilot.resident.publish import END_OF_RECORD, Publisher, string

FIRST = {"OSG_NODE_VALIDATED": "True", "OSPilotState": '"ACCEPTING"'}
BIG = {"OSPilotReason": '"' + "x" * 3000 + '"'}
"""An attribute that fills the FIFO soon, in records that the kernel still writes whole (PIPE_BUF)."""
PUSHES_TO_FILL = 400
"""More than a FIFO of a mebibyte, the largest that a user gets, takes."""
SECOND = {"OSG_NODE_VALIDATED": "False", "OSPilotVacateAt": "7"}


def record(attributes: dict[str, str]) -> str:
    return "".join(f"{name} = {value}\n" for name, value in attributes.items()) + END_OF_RECORD


def waiting(directory: Path) -> str:
    """Return what waits in the FIFO."""
    reader = os.open(directory / "push", os.O_RDONLY | os.O_NONBLOCK)
    try:
        return os.read(reader, 1 << 20).decode()
    except BlockingIOError:
        return ""
    finally:
        os.close(reader)


def test_a_push_is_in_the_state_file_and_in_the_fifo(tmp_path: Path) -> None:
    publisher = Publisher(str(tmp_path))
    publisher.push(FIRST)
    assert (tmp_path / "attributes").read_text() == record(FIRST)
    assert waiting(tmp_path) == record(FIRST)


def test_each_push_is_the_full_set_and_replaces_the_one_before(tmp_path: Path) -> None:
    publisher = Publisher(str(tmp_path))
    publisher.push(FIRST)
    publisher.push(SECOND)
    assert (tmp_path / "attributes").read_text() == record(SECOND)
    assert waiting(tmp_path) == record(FIRST) + record(SECOND)


def test_a_record_ends_with_the_word_that_makes_the_startd_send_it_at_once(tmp_path: Path) -> None:
    Publisher(str(tmp_path)).push(FIRST)
    assert (tmp_path / "attributes").read_text().endswith("\n- update:true\n")


def test_a_startd_that_is_yet_to_start_gets_the_state_file_only(tmp_path: Path) -> None:
    publisher = Publisher(str(tmp_path))
    publisher.push(FIRST, follow=False)
    assert (tmp_path / "attributes").read_text() == record(FIRST)
    assert waiting(tmp_path) == ""


def test_the_state_file_is_replaced_whole_so_that_no_reader_sees_half_of_it(tmp_path: Path) -> None:
    publisher = Publisher(str(tmp_path))
    publisher.push(FIRST)
    with (tmp_path / "attributes").open() as before:
        publisher.push(SECOND)
        assert before.read() == record(FIRST)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["attributes", "push"]


def test_the_fifo_is_private(tmp_path: Path) -> None:
    publisher = Publisher(str(tmp_path))
    publisher.push(FIRST)
    mode = (tmp_path / "push").stat().st_mode
    assert stat.S_ISFIFO(mode)
    assert stat.S_IMODE(mode) == 0o600


def test_a_full_fifo_without_a_reader_holds_up_nothing_and_the_state_file_stays_right(tmp_path: Path) -> None:
    publisher = Publisher(str(tmp_path))
    for _ in range(PUSHES_TO_FILL):
        publisher.push(BIG)
    publisher.push(SECOND)
    assert (tmp_path / "attributes").read_text() == record(SECOND)
    # Whole records only: a torn one would be taken for other attributes.
    held = waiting(tmp_path)
    assert 0 < held.count(record(BIG)) < PUSHES_TO_FILL
    assert held.replace(record(BIG), "") in ("", record(SECOND))


def test_the_next_push_after_a_full_fifo_was_emptied_arrives(tmp_path: Path) -> None:
    publisher = Publisher(str(tmp_path))
    for _ in range(PUSHES_TO_FILL):
        publisher.push(BIG)
    assert waiting(tmp_path)
    publisher.push(SECOND)
    assert waiting(tmp_path).endswith(record(SECOND))


def test_a_reader_that_comes_and_goes_is_no_accident(tmp_path: Path) -> None:
    publisher = Publisher(str(tmp_path))
    publisher.push(FIRST)
    assert waiting(tmp_path)
    publisher.push(SECOND)
    assert waiting(tmp_path) == record(SECOND)


@given(text=st.text(st.characters(exclude_categories=["Cs"])) | st.text(st.sampled_from('\\"\n\0a ')))
def test_any_text_becomes_one_classad_literal_on_one_line(text: str) -> None:
    literal = string(text)
    assert re.fullmatch(r'"(?:[^"\\\x00-\x1f]|\\["\\])*"', literal)
    back = re.sub(r"\\(.)", r"\1", literal[1:-1])
    assert back == "".join(character if character.isprintable() else " " for character in text)


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("plain", '"plain"'),
        ('say "no"', r'"say \"no\""'),
        ("C:\\x", r'"C:\\x"'),
        ("a\nb\tc\x00d", '"a b c d"'),
        ('\\"', r'"\\\""'),
    ],
)
def test_quotes_backslashes_and_line_breaks_in_a_text(text: str, literal: str) -> None:
    assert string(text) == literal


def test_a_disk_that_takes_nothing_does_not_keep_the_news_from_a_running_startd(tmp_path: Path) -> None:
    publisher = Publisher(str(tmp_path))
    # As on a full disk: the state file cannot be written.
    (tmp_path / "attributes.new").mkdir()
    reader = os.open(tmp_path / "push", os.O_RDONLY | os.O_NONBLOCK)
    assert publisher.push({"OSPilotState": '"RETIRING"'}) is False
    assert b"RETIRING" in os.read(reader, 4096)
    os.close(reader)
    assert publisher.push({"A": "1"}, follow=False) is False
