"""The embedded pool: a whole HTCondor pool on this machine, for the demo, for tests, for trying things."""

from ospilot.pool.ads import Job, JobStatus, Slot, settled
from ospilot.pool.description import DEFAULT_IMAGE, DEFAULT_NAME, IMAGE_VARIABLE, PoolInfo
from ospilot.pool.embedded import EmbeddedPool, Folder, pools
from ospilot.pool.tokenfile import write_token

__all__ = [
    "DEFAULT_IMAGE",
    "DEFAULT_NAME",
    "IMAGE_VARIABLE",
    "EmbeddedPool",
    "Folder",
    "Job",
    "JobStatus",
    "PoolInfo",
    "Slot",
    "pools",
    "settled",
    "write_token",
]
