"""How results are shown."""

from __future__ import annotations

from bench.figures import Budget, Figure, Result
from bench.table import COLUMNS, markdown, row, table

CYCLE = Figure("cycle", "s/job", Budget(1.2, times_bare=True), 2)
IMAGE = Figure("image", "MB", Budget(200), 1)

RESULTS = [Result(CYCLE, (1.3, 1.5, 1.4), (1.0, 1.0)), Result(IMAGE, (123.45,))]


def test_a_row_shows_both_sides_the_range_the_budget_and_the_verdict() -> None:
    cells = dict(zip(COLUMNS, row(RESULTS[0]), strict=True))

    assert cells == {
        "figure": "cycle",
        "unit": "s/job",
        "bare": "1.00",
        "ours": "1.40 (1.30..1.50)",
        "ratio": "1.40",
        "budget": "1.2 x bare",
        "verdict": "over",
        "runs": "3",
    }


def test_what_bare_htcondor_does_not_have_is_a_dash() -> None:
    cells = dict(zip(COLUMNS, row(RESULTS[1]), strict=True))

    assert (cells["bare"], cells["ratio"], cells["verdict"]) == ("-", "-", "within")


def test_the_terminal_gets_one_row_for_each_result() -> None:
    assert table(RESULTS).row_count == len(RESULTS)


def test_every_line_of_the_markdown_has_every_column() -> None:
    lines = markdown(RESULTS).splitlines()

    assert len(lines) == 2 + len(RESULTS)
    assert {line.count("|") for line in lines} == {len(COLUMNS) + 1}
