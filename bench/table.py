"""Results as a table: for a terminal, or in Markdown for docs/benchmarks.md. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table

from bench.figures import Figure, Result, Verdict

COLUMNS = ("figure", "unit", "bare", "ours", "ratio", "budget", "verdict", "runs")
LEFT = frozenset({"figure", "unit", "budget", "verdict"})
"""Columns of words; numbers stand at the right."""

STYLES = {Verdict.WITHIN: "green", Verdict.OVER: "bold red", Verdict.NONE: "dim"}


def row(result: Result) -> tuple[str, ...]:
    """Return one result as the cells of COLUMNS."""
    figure = result.figure
    return (
        figure.name,
        figure.unit,
        "-" if result.bare_median is None else _number(result.bare_median, figure),
        f"{_number(result.ours_median, figure)} ({_range(result)})",
        "-" if result.ratio is None else f"{result.ratio:.2f}",
        "-" if figure.budget is None else figure.budget.text(),
        result.verdict.value,
        str(len(result.ours)),
    )


def table(results: Iterable[Result]) -> Table:
    """Return the results as a table for a terminal."""
    shown = Table(box=None, padding=(0, 2, 0, 0))
    for column in COLUMNS:
        shown.add_column(column, justify="left" if column in LEFT else "right", no_wrap=True)
    for result in results:
        cells = list(row(result))
        verdict = COLUMNS.index("verdict")
        cells[verdict] = f"[{STYLES[result.verdict]}]{cells[verdict]}[/]"
        shown.add_row(*cells)
    return shown


def markdown(results: Iterable[Result]) -> str:
    """Return the results as a table in Markdown."""
    lines = [
        "| " + " | ".join(COLUMNS) + " |",
        "|" + "|".join("---" if column in LEFT else "---:" for column in COLUMNS) + "|",
        *("| " + " | ".join(row(result)) + " |" for result in results),
    ]
    return "\n".join(lines) + "\n"


def _range(result: Result) -> str:
    return f"{_number(min(result.ours), result.figure)}..{_number(max(result.ours), result.figure)}"


def _number(value: float, figure: Figure) -> str:
    return f"{value:.{figure.digits}f}"
