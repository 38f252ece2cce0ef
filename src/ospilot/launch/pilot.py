"""The pilot's container: from a few words of a person to a ContainerSpec. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ospilot.errors import ConfigurationError, Problem
from ospilot.launch.podman import MANAGED_LABEL
from ospilot.launch.spec import ContainerSpec, Mount

TOKEN_TARGET = "/etc/condor/tokens-orig.d/flock.opensciencegrid.org"  # noqa: S105 - a path, no secret
"""Where the pilot looks for the pool's token (contract section 2)."""

DEFAULT_GRACE = 60
"""Seconds that a stop may take when nobody says otherwise: short jobs finish, a shutdown is not held up."""

CONTAINER_MARGIN_MB = 250
"""Memory of the container beyond what jobs are offered: the daemons, and the moment before a hold is noticed."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def pilot_spec(  # noqa: PLR0913 - keyword-only: one word for each thing a person says
    *,
    image: str,
    name: str,
    site: str,
    resource: str,
    pool: str,
    token_file: str,
    cpus: int | None = None,
    memory_mb: int | None = None,
    scratch: str | None = None,
    environment: Mapping[str, str] | None = None,
    fuse: str | None = "/dev/fuse",
    grace: int | None = None,
    detach: bool = False,
) -> ContainerSpec:
    """Given what a person says about a pilot, return its container.

    Each limit is said once: CPUs and memory (MB) go to the pilot, which offers them to jobs, and to the engine,
    which enforces them; the grace (seconds) goes to both as well. ``fuse`` is the host's device node, None
    where there is none. Raise ConfigurationError for a name that an engine does not take.
    """
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            [
                Problem(
                    "--name",
                    name,
                    "is no container name",
                    "use letters, digits, dots, dashes and underscores, beginning with a letter or digit",
                )
            ]
        )
    stop = DEFAULT_GRACE if grace is None else grace
    # What was said by a word of its own wins: pilot and engine must get the same figures.
    variables = {
        **(environment or {}),
        "GLIDEIN_Site": site,
        "GLIDEIN_ResourceName": resource,
        "POOL": pool,
        "OSPILOT_STOP_GRACE": str(stop),
        **({"NUM_CPUS": str(cpus)} if cpus else {}),
        **({"MEMORY": str(memory_mb)} if memory_mb else {}),
    }
    mounts = [Mount(token_file, TOKEN_TARGET, read_only=True)]
    if scratch is not None:
        mounts.append(Mount(scratch, "/pilot"))
    return ContainerSpec(
        image=image,
        name=name,
        user="osg",
        environment=variables,
        mounts=tuple(mounts),
        devices=((fuse, "/dev/fuse"),) if fuse else (),
        nested_containers=True,
        drop_capabilities=True,
        labels={MANAGED_LABEL: "pilot"},
        cpus=cpus,
        memory_mb=memory_mb + CONTAINER_MARGIN_MB if memory_mb else None,
        stop_grace=stop,
        detach=detach,
    )
