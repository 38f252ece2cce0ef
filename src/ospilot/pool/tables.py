"""Slots and jobs as tables for a person, and as plain data for a machine. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from ospilot.pool.ads import Job, JobStatus, Slot
from ospilot.pool.description import PoolInfo

STATE_STYLES = {
    JobStatus.IDLE: "yellow",
    JobStatus.RUNNING: "cyan",
    JobStatus.TRANSFERRING_OUTPUT: "cyan",
    JobStatus.HELD: "bold red",
    JobStatus.REMOVED: "dim",
}

MIB_PER_GIB = 1024


def slots_table(slots: Sequence[Slot]) -> Table:
    """Return the slots as a table, one row each, the pilot named once."""
    table = plain_table("pilot", "site", "says", "slot", "doing")
    table.add_column("CPUs", justify="right", no_wrap=True)
    table.add_column("memory", justify="right", no_wrap=True)
    named: str | None = None
    for slot in slots:
        first = slot.pilot != named
        named = slot.pilot
        table.add_row(
            slot.pilot if first else "",
            (slot.site or "") if first else "",
            says(slot) if first else "",
            slot.name.partition("@")[0],
            doing(slot),
            str(slot.cpus),
            memory(slot.memory_mb),
        )
    return table


def jobs_table(jobs: Sequence[Job], places: Mapping[str, str]) -> Table:
    """Return the jobs as a table; ``places`` names the pilot of each machine (see ``places_of``)."""
    table = plain_table("job", "name", "state", "where", "image")
    table.add_column("time", justify="right", no_wrap=True)
    table.add_column("why", ratio=1, overflow="fold")
    for job in jobs:
        table.add_row(
            job.id, job.name, state(job), place(job, places), image(job), duration(job.seconds), why(job)
        )
    if not any(why(job) for job in jobs):
        table.columns.pop()
        table.expand = False
    return table


def says(slot: Slot) -> Text:
    """Return the state that a slot's pilot publishes about itself; empty for a machine of another kind."""
    told = slot.attributes.get("OSPilotState")
    word = told.lower() if isinstance(told, str) else ""
    return Text(word, style="" if word == "accepting" else "yellow")


def doing(slot: Slot) -> Text:
    """Return in a word or two what a slot is doing."""
    if slot.partitionable and slot.state == "Unclaimed":
        return Text("free", style="green") if slot.cpus else Text("all in use", style="dim")
    if slot.state == "Claimed":
        return (
            Text("running a job", style="cyan") if slot.activity == "Busy" else Text("claimed", style="dim")
        )
    return Text(f"{slot.state}, {slot.activity}".lower(), style="yellow")


def state(job: Job) -> Text:
    """Return what became of a job, coloured by whether that is good."""
    if job.status is JobStatus.COMPLETED:
        return Text(job.outcome(), style="green" if job.succeeded else "red")
    return Text(job.outcome(), style=STATE_STYLES.get(job.status, ""))


def why(job: Job) -> str:
    """Return why a job is where it is, as far as that needs a reason; else an empty text."""
    if job.reason and job.status in {JobStatus.HELD, JobStatus.REMOVED}:
        return job.reason
    if job.starts > 1 and not job.status.settled:
        return f"slots took it {job.starts} times; it has not ended yet"
    return ""


def place(job: Job, places: Mapping[str, str]) -> str:
    """Return the pilot where a job runs or ran last; empty before it first runs."""
    if job.host is None:
        return ""
    machine = job.host.rpartition("@")[2]
    return places.get(machine, machine)


def places_of(slots: Sequence[Slot]) -> dict[str, str]:
    """Return the pilot of each machine name that slots carry behind their '@'."""
    return {slot.name.rpartition("@")[2]: slot.pilot for slot in slots}


def image(job: Job) -> str:
    """Return the image that a job asks for, without its folders; a dash where it asks for none."""
    return "-" if job.image is None else job.image.rstrip("/").rpartition("/")[2]


def duration(seconds: int | None) -> str:
    """Return a number of seconds as a person reads it; empty where there is none."""
    if seconds is None:
        return ""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def memory(mib: int) -> str:
    """Return MiB as a person reads it."""
    return f"{mib / MIB_PER_GIB:.1f} GiB" if mib >= MIB_PER_GIB else f"{mib} MiB"


def tally(jobs: Sequence[Job]) -> str:
    """Return how many jobs are where, in one line."""
    if not jobs:
        return "no jobs"
    states = [job.outcome() if job.status is not JobStatus.COMPLETED else "done" for job in jobs]
    counts = {each: states.count(each) for each in dict.fromkeys(states)}
    return f"{len(jobs)} job{'' if len(jobs) == 1 else 's'}: " + ", ".join(
        f"{count} {each}" for each, count in counts.items()
    )


def as_data(info: PoolInfo | None, slots: Sequence[Slot], jobs: Sequence[Job]) -> dict[str, Any]:
    """Return a pool, its slots and its jobs as plain data."""
    return {
        "pool": None if info is None else dataclasses.asdict(info),
        "slots": [slot_data(slot) for slot in slots],
        "jobs": [job_data(job) for job in jobs],
    }


def slot_data(slot: Slot) -> dict[str, Any]:
    """Return a slot as plain data."""
    return {**dataclasses.asdict(slot), "pilot": slot.pilot}


def job_data(job: Job) -> dict[str, Any]:
    """Return a job as plain data."""
    return {**dataclasses.asdict(job), "id": job.id, "status": job.status.name, "seconds": job.seconds}


def plain_table(*columns: str) -> Table:
    """Return an empty table in the one look that ours have, with these columns, each on one line."""
    table = Table(
        box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, header_style="bold"
    )
    for column in columns:
        table.add_column(column, no_wrap=True, overflow="ellipsis")
    return table
