"""The demo as people see it: a live table on a terminal, plain lines elsewhere, a summary at the end.

Tables are made from data alone; the reporters only put them on a console.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ospilot.demo.verdict import Report, Snapshot, as_expected, news
from ospilot.pool import Job, Slot
from ospilot.pool.tables import duration, image, place, plain_table, state, tally


def live_view(step: str, seconds: float, snapshot: Snapshot) -> RenderableType:
    """Return the whole live picture; with twelve jobs it is 22 lines high, to fit a terminal of 24."""
    heading = Text.assemble((f"{seconds:4.0f} s  ", "dim"), (step, "bold"))
    parts: list[RenderableType] = [heading, "", pilots_table(snapshot)]
    if snapshot.jobs:
        parts += ["", live_jobs_table(snapshot)]
    return Group(*parts)


def pilots_table(snapshot: Snapshot) -> Table:
    """Return one row per pilot: its slots, what they do, and how many jobs it has finished."""
    table = plain_table("pilot", "site", "slots")
    table.add_column("jobs done", justify="right", no_wrap=True)
    for pilot in snapshot.pilots:
        slots = [slot for slot in snapshot.slots if slot.pilot == pilot]
        ended = [job for job in snapshot.jobs if job.status.ended and place(job, snapshot.places) == pilot]
        site = next((slot.site for slot in slots if slot.site), "")
        table.add_row(pilot, site, _slots(slots), str(len(ended)) if slots else "")
    return table


def live_jobs_table(snapshot: Snapshot) -> Table:
    """Return one row per job as it stands."""
    table = plain_table("job", "id", "state", "where", "image")
    table.add_column("time", justify="right", no_wrap=True)
    for job in snapshot.jobs:
        where = place(job, snapshot.places)
        table.add_row(job.name, job.id, state(job), where, image(job), duration(job.seconds))
    return table


def summary_table(report: Report) -> Table:
    """Return one row per job: how it ended, where, in which image, how long it took, what it printed."""
    table = plain_table("job", "result", "where", "image")
    table.add_column("time", justify="right", no_wrap=True)
    table.add_column("output", overflow="fold")
    for job in report.snapshot.jobs:
        table.add_row(
            job.name,
            result(job, report.expected),
            place(job, report.snapshot.places),
            image(job),
            duration(job.seconds),
            Text(report.outputs.get(job.id, "").strip()),
        )
    return table


def result(job: Job, expected: Mapping[str, int]) -> Text:
    """Return how a job ended, and whether it was meant to end so where that is not plain."""
    if not as_expected(job, expected):
        return Text(job.outcome(), style="bold red")
    return Text(job.outcome() + (" (meant)" if job.exit_code else ""), style="green")


def show_report(console: Console, report: Report) -> None:
    """Print the summary, the verdict, and what is wrong if anything is."""
    console.print(summary_table(report))
    console.print()
    console.print(Text(report.sentence(), style="bold green" if report.ok else "bold red"))
    for problem in report.problems:
        console.print(Text(f"  {problem}", style="red"), soft_wrap=True)
    if report.evidence:
        console.print(Text(report.evidence, style="dim"), soft_wrap=True)


def show_next_commands(console: Console, report: Report) -> None:
    """Print what to try with the pool and the pilots that were kept, and how to remove them."""
    option = f"--name {report.pool.name}"
    containers = " ".join(report.containers)
    console.print(
        f"\nThe pool [bold]{report.pool.name}[/] at {report.pool.address} and its pilots stay. Next:"
    )
    for command, meaning in (
        (f"ospilot pool status {option}", "who is there, what runs"),
        (f"ospilot pool submit {option} --wait hello.sub", "a job of yours"),
        (f"podman logs --follow {report.containers[0]}", "what a pilot says"),
        (f"podman stop {containers}", "let the pilots leave"),
        (f"podman rm --force {containers} && ospilot pool down {option}", "remove it all"),
    ):
        console.print(f"  {command}  [dim]# {meaning}[/]", soft_wrap=True)


class LiveReporter:
    """Shows the demo as one picture that is drawn again and again; for terminals."""

    def __init__(self, console: Console) -> None:
        self._started = time.monotonic()
        self._step = "starting"
        self._snapshot = Snapshot(0.0)
        # Last: it asks for the first picture at once.
        self._live = Live(console=console, get_renderable=self._picture, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def step(self, text: str) -> None:
        """Show what happens now."""
        self._step = text

    def update(self, snapshot: Snapshot) -> None:
        """Show how things stand."""
        self._snapshot = snapshot
        self._step = tally(snapshot.jobs)

    def _picture(self) -> RenderableType:
        return live_view(self._step, time.monotonic() - self._started, self._snapshot)


class LineReporter:
    """Tells the demo in lines, each with its time; for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started = time.monotonic()
        self._snapshot = Snapshot(0.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return

    def step(self, text: str) -> None:
        """Print what happens now."""
        seconds = time.monotonic() - self._started
        self._console.print(Text(f"{seconds:5.1f} s  {text}"), soft_wrap=True)

    def update(self, snapshot: Snapshot) -> None:
        """Print what has changed."""
        for line in news(self._snapshot, snapshot):
            self.step(line)
        self._snapshot = snapshot


def _slots(slots: list[Slot]) -> Text:
    if not slots:
        return Text("not in the pool yet", style="dim")
    return Text(", ").join(_slot(slot) for slot in slots)


def _slot(slot: Slot) -> Text:
    if slot.partitionable:
        return Text(
            f"{slot.cpus} CPU{'' if slot.cpus == 1 else 's'} free", style="green" if slot.cpus else "dim"
        )
    name = slot.name.partition("@")[0]
    return Text(f"{name} running", style="cyan") if slot.activity == "Busy" else Text(f"{name} claimed")
