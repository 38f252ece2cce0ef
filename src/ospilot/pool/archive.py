"""Folders on their way into a pool and results on their way back, as tar files with a bound."""

from __future__ import annotations

import io
import os
import tarfile
import time
from collections.abc import Mapping
from pathlib import Path

from ospilot.errors import OspilotError
from ospilot.pool import problems

SIZE_LIMIT = 1024**3
"""Bytes that a submission may carry: more belongs into HTCondor's own transfer from a URL."""


def pack_folder(folder: Path, tar: Path, *, limit: int = SIZE_LIMIT) -> None:
    """Given a folder, write a tar file of what is in it; links stay links.

    Raise ConfigurationError, before anything is written, if its files hold more than ``limit`` bytes, and
    OspilotError if one of them cannot be read.
    """
    if not within(folder, limit):
        raise problems.folder_too_large(folder, limit)
    try:
        with tarfile.open(tar, "w") as archive:
            for entry in sorted(folder.iterdir()):
                archive.add(entry, arcname=entry.name)
    except OSError as error:
        raise OspilotError(
            f"the folder {folder} cannot be copied into the pool: {error}",
            fix="make its files readable for you, or move the submit file into a folder of its own",
        ) from error


def pack_files(files: Mapping[str, bytes | Path], tar: Path) -> None:
    """Given names and what they hold (bytes, or a path on this host), write a tar file of them.

    Bytes that begin with ``#!`` become an executable file; a path keeps its mode.
    """
    with tarfile.open(tar, "w") as archive:
        for name, content in files.items():
            if isinstance(content, Path):
                archive.add(content, arcname=name)
                continue
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = 0o755 if content.startswith(b"#!") else 0o644
            entry.mtime = int(time.time())
            archive.addfile(entry, io.BytesIO(content))


def unpack(tar: Path, folder: Path) -> list[Path]:
    """Given a tar file of results, put its files into a folder and return where they lie, by name.

    What jobs name their results is not ours to trust: entries that would leave the folder are refused with an
    OspilotError, and nothing gets rights beyond those of an ordinary file.
    """
    try:
        with tarfile.open(tar) as archive:
            names = [member.name for member in archive.getmembers() if member.isfile()]
            archive.extractall(folder, filter="data")
    except tarfile.FilterError as error:
        raise OspilotError(
            f"a job's results hold an entry that is not a file of its folder: {error}",
            fix="look at the job's folder, and copy what you trust by hand",
        ) from error
    return sorted(folder / name for name in names)


def within(folder: Path, limit: int) -> bool:
    """Return whether a folder's files hold at most ``limit`` bytes; stops counting at the limit."""
    total = 0
    for parent, _, names in os.walk(folder):
        total += sum(Path(parent, name).lstat().st_size for name in names)
        if total > limit:
            return False
    return True
