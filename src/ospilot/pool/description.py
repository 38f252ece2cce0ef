"""What a pool is before it runs: its name, its image, its labels and the container that holds it. Pure."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from ospilot.launch.podman import MANAGED_LABEL
from ospilot.launch.spec import ContainerSpec
from ospilot.pool import problems

USER = "researcher"
"""The ordinary user of the access point; start.sh and pool.conf name it too."""

HOME = f"/home/{USER}"

PILOT = "pilot"
"""The identity that the pool lets advertise machines; pool.conf names it too."""

DEFAULT_NAME = "default"
DEFAULT_IMAGE = "localhost/ospilot-pool:latest"
IMAGE_VARIABLE = "OSPILOT_POOL_IMAGE"

CONFIG = "/etc/condor/ospilot-pool.conf"
LOG = "/var/lib/ospilot-pool/log"

POOL_LABEL = "org.ospilot.pool"
ADDRESS_LABEL = "org.ospilot.pool.address"
DOMAIN_LABEL = "org.ospilot.pool.trust-domain"

NAME_PATTERN = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
"""Forty characters at most: the name becomes part of a host label, which may have 63."""

IDENTITY_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class PoolInfo:
    """A pool that runs: where it listens, whose tokens it takes, and the container that holds it."""

    name: str
    address: str
    trust_domain: str
    container: str


def checked_name(name: str) -> str:
    """Return a pool's name if it can be one; raise ConfigurationError if not."""
    if NAME_PATTERN.fullmatch(name):
        return name
    raise problems.bad_name(name)


def checked_identity(identity: str) -> str:
    """Return the user part of a token's identity if it can be one; raise ConfigurationError if not."""
    if IDENTITY_PATTERN.fullmatch(identity):
        return identity
    raise problems.bad_identity(identity)


def default_image(environ: Mapping[str, str] = os.environ) -> str:
    """Return the image of pools: the one that the environment names, else the one that the build makes."""
    return environ.get(IMAGE_VARIABLE) or DEFAULT_IMAGE


def container_name(name: str) -> str:
    """Return the name of a pool's container."""
    return f"ospilot-pool-{name}"


def config_text(name: str, port: int, trust_domain: str) -> str:
    """Return the HTCondor configuration of one pool: its own values, then the policy that all pools share."""
    own = {
        "OSPILOT_POOL_NAME": name,
        "OSPILOT_POOL_PORT": str(port),
        "OSPILOT_POOL_DOMAIN": trust_domain,
        # Not the host's name: the pilots on this host carry that one.
        "NETWORK_HOSTNAME": container_name(name),
    }
    return "".join(f"{key} = {value}\n" for key, value in own.items()) + _file("pool.conf")


def container_spec(name: str, *, image: str, port: int, trust_domain: str) -> ContainerSpec:
    """Return the container that runs a pool on a loopback port.

    It runs as the container's root with the engine's default capabilities, so that the access point can act
    for its ordinary user; it gets no path and no device of the host.
    """
    return ContainerSpec(
        image=image,
        name=container_name(name),
        user="root",
        entrypoint="/bin/sh",
        command=("-c", _file("start.sh"), "ospilot-pool", config_text(name, port, trust_domain)),
        environment={"CONDOR_CONFIG": CONFIG},
        labels={
            MANAGED_LABEL: "pool",
            POOL_LABEL: name,
            ADDRESS_LABEL: f"127.0.0.1:{port}",
            DOMAIN_LABEL: trust_domain,
        },
        detach=True,
    )


def info_of(container: Mapping[str, Any]) -> PoolInfo | None:
    """Given podman's description of a container, return the pool that it runs, or None if it runs none."""
    labels = container.get("Labels") or {}
    if container.get("State") != "running" or not all(
        label in labels for label in (POOL_LABEL, ADDRESS_LABEL, DOMAIN_LABEL)
    ):
        return None
    return PoolInfo(
        name=labels[POOL_LABEL],
        address=labels[ADDRESS_LABEL],
        trust_domain=labels[DOMAIN_LABEL],
        container=container_name(labels[POOL_LABEL]),
    )


def _file(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
