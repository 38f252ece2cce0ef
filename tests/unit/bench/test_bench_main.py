"""What the benchmark's command line chooses."""

from __future__ import annotations

import argparse

from bench.main import MEASURES, NAMES, chosen, plan_of
from bench.plan import QUICK, Plan
from bench.sides import Side
from bench.start import in_turn


def test_without_a_name_everything_is_measured() -> None:
    assert chosen([]) == list(MEASURES)


def test_a_name_chooses_the_measure_that_gives_the_figure() -> None:
    for name in NAMES:
        [measure] = chosen([name])
        assert name in {figure.name for figure in measure.figures}


def test_figures_have_names_of_their_own() -> None:
    assert len(set(NAMES)) == len(NAMES)


def test_pairs_can_be_said_for_every_plan() -> None:
    assert plan_of(argparse.Namespace(quick=False, pairs=None)) == Plan()
    assert plan_of(argparse.Namespace(quick=True, pairs=None)) == QUICK
    assert plan_of(argparse.Namespace(quick=True, pairs=7)).pairs == 7


def test_no_side_is_always_first() -> None:
    assert {tuple(in_turn(pair)) for pair in range(2)} == {
        (Side.BARE, Side.OURS),
        (Side.OURS, Side.BARE),
    }
