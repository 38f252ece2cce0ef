"""Jobs and slots as the pool's own queries describe them: ClassAds in JSON, read into small records. Pure."""

from __future__ import annotations

import enum
import json
import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

JOB_ATTRIBUTES = (
    "ClusterId", "ProcId", "JobDescription", "JobBatchName", "Cmd", "Args", "Arguments", "JobStatus",
    "ExitCode", "ExitBySignal", "ExitSignal", "RemoteHost", "LastRemoteHost", "ContainerImage",
    "SingularityImage", "DockerImage", "HoldReason", "RemoveReason", "QDate", "JobCurrentStartDate",
    "JobCurrentStartExecutingDate", "CompletionDate", "EnteredCurrentStatus", "Iwd", "Out", "Err",
    "NumShadowStarts",
)  # fmt: skip
"""What the queries ask for: a job ad has some 150 attributes, of which these tell its story."""


class JobStatus(enum.IntEnum):
    """What becomes of a job, by HTCondor's own numbers."""

    IDLE = 1
    RUNNING = 2
    REMOVED = 3
    COMPLETED = 4
    HELD = 5
    TRANSFERRING_OUTPUT = 6
    SUSPENDED = 7

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to the job."""
        return self in {JobStatus.REMOVED, JobStatus.COMPLETED}

    @property
    def settled(self) -> bool:
        """Whether nothing more will happen unless a person acts: ended, or held."""
        return self.ended or self is JobStatus.HELD


@dataclass(frozen=True)
class Job:
    """One job, in the queue or in the history. Times are seconds since 1970; HTCondor keeps whole ones."""

    cluster: int
    proc: int
    name: str
    status: JobStatus
    submitted: int
    started: int | None = None
    ended: int | None = None
    exit_code: int | None = None
    signal: int | None = None
    host: str | None = None
    """The slot where it runs or ran last."""
    image: str | None = None
    reason: str | None = None
    """Why it is held or was removed."""
    folder: str = ""
    output: str | None = None
    error: str | None = None
    starts: int = 0
    """How often a slot has taken the job; above one, it came back without ending."""

    @property
    def id(self) -> str:
        """The job's identity in the queue, for example ``12.0``."""
        return f"{self.cluster}.{self.proc}"

    @property
    def succeeded(self) -> bool:
        """Whether the job ran to its end with exit code 0."""
        return self.status is JobStatus.COMPLETED and self.exit_code == 0

    @property
    def seconds(self) -> int | None:
        """Seconds from submit to end, or None while it has not ended."""
        return None if self.ended is None else self.ended - self.submitted

    def outcome(self) -> str:
        """Return in a few words what became of the job, or what it is doing."""
        if self.status is JobStatus.COMPLETED:
            return f"signal {self.signal}" if self.signal is not None else f"exit {self.exit_code}"
        return self.status.name.lower().replace("_", " ")


@dataclass(frozen=True)
class Slot:
    """One slot in the collector."""

    name: str
    machine: str
    state: str
    activity: str
    cpus: int
    memory_mb: int
    dynamic: bool = False
    partitionable: bool = False
    resource: str | None = None
    site: str | None = None
    attributes: Mapping[str, object] = field(default_factory=dict)
    """What the pilot says about itself: every attribute whose name begins with OSPilot."""

    @property
    def pilot(self) -> str:
        """The pilot that the slot belongs to: its resource name where it has one, else the machine."""
        return self.resource or self.machine


def jobs_from(queue: str, history: str) -> list[Job]:
    """Given the JSON of condor_q and condor_history, return every job once, oldest first.

    A job that ends between the two queries is in both; what the history says then holds.
    """
    found = {(job.cluster, job.proc): job for job in map(job_from, [*_ads(queue), *_ads(history)])}
    return [found[key] for key in sorted(found)]


def job_from(ad: Mapping[str, Any]) -> Job:
    """Given a job's ad, return the job."""
    status = JobStatus(ad["JobStatus"])
    by_signal = ad.get("ExitBySignal") is True
    completed = status is JobStatus.COMPLETED
    entered = _number(ad, "EnteredCurrentStatus")
    return Job(
        cluster=ad["ClusterId"],
        proc=ad["ProcId"],
        name=_text(ad, "JobDescription") or _text(ad, "JobBatchName") or _command(ad),
        status=status,
        submitted=_number(ad, "QDate") or 0,
        started=_number(ad, "JobCurrentStartExecutingDate") or _number(ad, "JobCurrentStartDate"),
        ended=(_number(ad, "CompletionDate") or entered) if status.ended else None,
        exit_code=ad.get("ExitCode") if completed and not by_signal else None,
        signal=ad.get("ExitSignal") if completed and by_signal else None,
        host=_text(ad, "RemoteHost") or _text(ad, "LastRemoteHost"),
        image=_text(ad, "ContainerImage") or _text(ad, "SingularityImage") or _text(ad, "DockerImage"),
        reason=_text(ad, "HoldReason") or _text(ad, "RemoveReason"),
        folder=_text(ad, "Iwd") or "",
        output=_path(ad, "Out"),
        error=_path(ad, "Err"),
        starts=_number(ad, "NumShadowStarts") or 0,
    )


def slots_from(status: str) -> list[Slot]:
    """Given the JSON of condor_status, return the slots, by name."""
    return sorted(map(slot_from, _ads(status)), key=lambda slot: (slot.pilot, slot.name))


def slot_from(ad: Mapping[str, Any]) -> Slot:
    """Given a slot's ad, return the slot."""
    return Slot(
        name=ad["Name"],
        machine=_text(ad, "Machine") or ad["Name"].rpartition("@")[2],
        state=_text(ad, "State") or "Unknown",
        activity=_text(ad, "Activity") or "Unknown",
        cpus=_number(ad, "Cpus") or 0,
        memory_mb=_number(ad, "Memory") or 0,
        dynamic=ad.get("DynamicSlot") is True,
        partitionable=ad.get("PartitionableSlot") is True,
        resource=_text(ad, "GLIDEIN_ResourceName"),
        site=_text(ad, "GLIDEIN_Site"),
        attributes={key: ad[key] for key in sorted(ad) if key.lower().startswith("ospilot")},
    )


def clusters_from(terse: str) -> list[int]:
    """Given what ``condor_submit -terse`` printed, return the clusters, for example from '3.0 - 3.4'."""
    firsts = [line.split(" ", 1)[0] for line in terse.splitlines() if line[:1].isdigit()]
    return [int(first.partition(".")[0]) for first in firsts]


def settled(jobs: Iterable[Job]) -> bool:
    """Return whether no job will move on by itself."""
    return all(job.status.settled for job in jobs)


def _ads(text: str) -> list[dict[str, Any]]:
    # HTCondor prints nothing at all, not an empty list, where it has nothing to tell.
    ads: list[dict[str, Any]] = json.loads(text) if text.strip() else []
    return ads


def _number(ad: Mapping[str, Any], name: str) -> int | None:
    # Zero and below are HTCondor's way to say "not yet"; an expression arrives as text.
    value = ad.get(name)
    return int(value) if isinstance(value, (int, float)) and value > 0 else None


def _text(ad: Mapping[str, Any], name: str) -> str | None:
    value = ad.get(name)
    return value if isinstance(value, str) and value else None


def _path(ad: Mapping[str, Any], name: str) -> str | None:
    value = _text(ad, name)
    return None if value in {None, "/dev/null"} else posixpath.join(_text(ad, "Iwd") or "", value or "")


def _command(ad: Mapping[str, Any]) -> str:
    words = [posixpath.basename(_text(ad, "Cmd") or "?"), _text(ad, "Args") or _text(ad, "Arguments") or ""]
    return " ".join(word for word in words if word)
