"""The two sides: our pilot's container and bare HTCondor's, equal in all but what the first process is. Pure.

Both are the same image with the same rights, token, CPUs and memory. Each waits, already running, for one line
in a FIFO and then becomes what its side is, so that the engine's own start is in neither figure.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ospilot.launch.pilot import TOKEN_TARGET, pilot_spec
from ospilot.launch.podman import MANAGED_LABEL
from ospilot.launch.spec import ContainerSpec, Mount

CPUS = 1
"""One CPU, so that jobs run one after another."""
MEMORY_MB = 512

GRACE = 60
"""Seconds that a stop may take, on both sides."""

FOLDER = "/bench"
"""Where a container finds its folder of the benchmark: the FIFO, and for bare HTCondor its configuration."""
FIFO = "go"
CONFIG = "condor_config"

COMMON: Mapping[str, str] = {"_CONDOR_RunBenchmarks": "false"}
"""Variables of both sides: HTCondor's own mips and kflops programs stay out of the figures."""

WAIT_AND_BECOME = f'read -r _ < {FOLDER}/{FIFO}\nexec "$@"\n'

PREPARE_BARE = f"""set -eu
d=/pilot/bare
umask 077
mkdir -p $d/log $d/spool $d/lock $d/run $d/tokens.d
mkdir -m 755 $d/execute
cp {TOKEN_TARGET} $d/tokens.d/pool
"""
"""What an administrator does once for a machine; it is over before the clock starts."""

BARE_COMMAND = ("/usr/bin/tini", "--", "condor_master", "-f")


class Side(enum.Enum):
    """Who is measured."""

    OURS = "ours"
    BARE = "bare"


@dataclass(frozen=True)
class Pool:
    """What a container is told of the pool: where it is, and the file of the token."""

    address: str
    token_file: str


def spec(
    side: Side,
    *,
    image: str,
    entrypoint: Sequence[str],
    name: str,
    pool: Pool,
    folder: Path,
    fuse: str | None,
) -> ContainerSpec:
    """Return the container of one side; ``entrypoint`` is the image's own, with its command."""
    whole = pilot_spec(
        image=image,
        name=name,
        site="bench",
        resource="bench",
        pool=pool.address,
        token_file=pool.token_file,
        cpus=CPUS,
        memory_mb=MEMORY_MB,
        fuse=fuse,
        grace=GRACE,
        environment=COMMON,
        detach=True,
    )
    ours = side is Side.OURS
    script = WAIT_AND_BECOME if ours else PREPARE_BARE + WAIT_AND_BECOME
    return replace(
        whole,
        entrypoint="/bin/sh",
        command=("-c", script, "sh", *(entrypoint if ours else BARE_COMMAND)),
        environment=whole.environment if ours else {**COMMON, "CONDOR_CONFIG": f"{FOLDER}/{CONFIG}"},
        mounts=(*whole.mounts, Mount(str(folder), FOLDER, read_only=True)),
        labels={MANAGED_LABEL: "bench"},
        # The engine's limits would slow the start of both sides down to one CPU; HTCondor's are enough here.
        cpus=None,
        memory_mb=None,
    )


def bare_config(*, name: str, address: str) -> str:
    """Return the whole configuration of a bare execution point, read instead of the image's own."""
    values = {
        "RELEASE_DIR": "/usr",
        "BIN": "$(RELEASE_DIR)/bin",
        "SBIN": "$(RELEASE_DIR)/sbin",
        "LIB": "$(RELEASE_DIR)/lib/condor",
        "LIBEXEC": "$(RELEASE_DIR)/libexec/condor",
        "SHARE": "$(RELEASE_DIR)/share/condor",
        "ETC": "/etc/condor",
        "LOCAL_DIR": "/pilot/bare",
        "LOG": "$(LOCAL_DIR)/log",
        "SPOOL": "$(LOCAL_DIR)/spool",
        "EXECUTE": "$(LOCAL_DIR)/execute",
        "LOCK": "$(LOCAL_DIR)/lock",
        "RUN": "$(LOCAL_DIR)/run",
        "DAEMON_LIST": "MASTER, STARTD",
        "USE_SHARED_PORT": "True",
        "SHARED_PORT_PORT": "0",
        "CONDOR_HOST": address,
        "COLLECTOR_HOST": "$(CONDOR_HOST)",
        "NETWORK_INTERFACE": "127.0.0.1",
        "BIND_ALL_INTERFACES": "False",
        "SEC_DEFAULT_AUTHENTICATION": "REQUIRED",
        "SEC_DEFAULT_ENCRYPTION": "REQUIRED",
        "SEC_DEFAULT_INTEGRITY": "REQUIRED",
        "SEC_DEFAULT_AUTHENTICATION_METHODS": "IDTOKENS, FS",
        "SEC_CLIENT_AUTHENTICATION_METHODS": "IDTOKENS, FS",
        "SEC_TOKEN_DIRECTORY": "$(LOCAL_DIR)/tokens.d",
        "MASTER_NAME": name,
        "STARTD_NAME": name,
        # The pool is on this machine, but shares no files.
        "FILESYSTEM_DOMAIN": name,
        "UID_DOMAIN": name,
        "ALLOW_ADMINISTRATOR": "osg@$(UID_DOMAIN)",
        "START": "True",
        "NUM_CPUS": str(CPUS),
        "MEMORY": str(MEMORY_MB),
        "NUM_SLOTS": "1",
        "NUM_SLOTS_TYPE_1": "1",
        "SLOT_TYPE_1": "100%",
        "SLOT_TYPE_1_PARTITIONABLE": "True",
        # Jobs with an image run in Apptainer of their own accord, all others without a wall.
        "SINGULARITY": "/usr/bin/apptainer",
        "SHUTDOWN_GRACEFUL_TIMEOUT": str(GRACE),
    }
    return "".join(f"{key} = {value}\n" for key, value in values.items())
