"""What samples say, without any of them being taken."""

from __future__ import annotations

import json

import pytest
from bench.figures import Budget, Figure, Result, Verdict, json_lines
from hypothesis import given
from hypothesis import strategies as st

TIMES = Figure("cycle", "s", Budget(1.2, times_bare=True), 2)
LIMIT = Figure("cpu", "s", Budget(1.5))

SAMPLES = st.lists(st.floats(min_value=0.001, max_value=1e6), min_size=1).map(tuple)


def test_the_median_decides_so_that_one_disturbed_run_does_not() -> None:
    result = Result(TIMES, ours=(1.1, 9.0, 1.1), bare=(1.0, 1.0, 5.0))

    assert result.ours_median == 1.1
    assert result.bare_median == 1.0
    assert result.ratio == pytest.approx(1.1)
    assert result.verdict is Verdict.WITHIN


def test_a_figure_at_its_budget_is_within_it() -> None:
    assert Result(LIMIT, ours=(1.5,)).verdict is Verdict.WITHIN
    assert Result(LIMIT, ours=(1.51,)).verdict is Verdict.OVER


def test_a_budget_of_times_bare_is_judged_by_the_ratio_and_another_one_is_not() -> None:
    assert Result(TIMES, ours=(1.3,), bare=(1.0,)).verdict is Verdict.OVER
    assert Result(LIMIT, ours=(1.4,), bare=(0.1,)).verdict is Verdict.WITHIN


@pytest.mark.parametrize("bare", [(), (0.0,)])
def test_nothing_to_compare_with_gives_no_ratio_and_no_verdict(bare: tuple[float, ...]) -> None:
    result = Result(TIMES, ours=(1.0,), bare=bare)

    assert result.ratio is None
    assert result.verdict is Verdict.NONE


def test_a_figure_without_budget_gets_no_verdict() -> None:
    assert Result(Figure("idle", "%"), ours=(99.0,), bare=(1.0,)).verdict is Verdict.NONE


def test_a_json_object_has_all_that_a_later_reader_compares() -> None:
    lines = json_lines([Result(TIMES, ours=(1.0, 2.0, 4.0), bare=(1.0, 2.0)), Result(LIMIT, ours=(0.5,))])

    first, second = (json.loads(line) for line in lines.splitlines())
    assert first == {
        "name": "cycle",
        "unit": "s",
        "ours": 2.0,
        "bare": 1.5,
        "ratio": 1.3333,
        "budget": "1.2 x bare",
        "runs": 3,
        "min": 1.0,
        "max": 4.0,
    }
    assert (second["bare"], second["ratio"], second["budget"]) == (None, None, "1.5")


@given(ours=SAMPLES, bare=SAMPLES)
def test_the_median_lies_between_minimum_and_maximum(
    ours: tuple[float, ...], bare: tuple[float, ...]
) -> None:
    found = Result(TIMES, ours, bare).as_object()

    assert isinstance(found["min"], float)
    assert isinstance(found["max"], float)
    assert isinstance(found["ours"], float)
    assert found["min"] <= found["ours"] <= found["max"]
