"""ContainerSpec: what a container of ours is given, free of any engine's flags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Mount:
    """A path of the host that the container sees."""

    source: str
    target: str
    read_only: bool = False


@dataclass(frozen=True)
class ContainerSpec:
    """One container: image, who it runs as, what it sees, what it may do, and how long a stop may take."""

    image: str
    name: str
    command: tuple[str, ...] = ()
    user: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    devices: tuple[tuple[str, str], ...] = ()
    """Pairs of the host's device node and its name in the container."""
    nested_containers: bool = False
    """Whether jobs inside run in Apptainer, which needs user namespaces and an unmasked /proc."""
    drop_capabilities: bool = False
    entrypoint: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    cpus: float | None = None
    memory_mb: int | None = None
    stop_grace: int | None = None
    """Seconds between the stop signal and the kill."""
    detach: bool = False
    remove: bool = True
    interactive: bool = False
