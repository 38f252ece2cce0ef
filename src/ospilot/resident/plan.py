"""The finished plan as the resident process gets it: plain data, read from a JSON file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class ResidentPlan:
    """All that the resident process needs to know; times in seconds, paths absolute."""

    pilot: str
    """The pilot's name, which is also its startd's name in the pool."""
    slot: str
    """The name of its partitionable slot in the collector."""
    pool: str
    directory: str
    master: list[str]
    environment: dict[str, str]
    idle_seconds: float
    stop_grace: float
    detailed_exit_codes: bool
    lock: int | None = None
    """The descriptor that holds the lock of the directory, inherited from the process that prepared it."""

    @property
    def status_directory(self) -> str:
        """Where the attributes and the FIFO are."""
        return f"{self.directory}/status"

    @property
    def log_directory(self) -> str:
        """HTCondor's LOG."""
        return f"{self.directory}/log"

    @property
    def execute_directory(self) -> str:
        """HTCondor's EXECUTE: one ``dir_PID`` for each job that runs."""
        return f"{self.directory}/execute"

    def to_json(self) -> str:
        """Return the plan as JSON."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> ResidentPlan:
        """Given what to_json returned, return the plan."""
        return ResidentPlan(**json.loads(text))
