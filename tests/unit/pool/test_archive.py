from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from ospilot.errors import ConfigurationError, OspilotError
from ospilot.pool import archive


def test_a_folder_arrives_with_modes_links_and_subfolders(tmp_path: Path) -> None:
    folder = tmp_path / "from"
    (folder / "box/bin").mkdir(parents=True)
    (folder / "box/bin/busybox").write_text("#!")
    (folder / "box/bin/busybox").chmod(0o755)
    (folder / "box/bin/sh").symlink_to("busybox")
    archive.pack_folder(folder, tmp_path / "t.tar")
    with tarfile.open(tmp_path / "t.tar") as tar:
        modes = {member.name: member.mode & 0o777 for member in tar.getmembers() if member.isfile()}
        links = [member.name for member in tar.getmembers() if member.issym()]
    assert modes == {"box/bin/busybox": 0o755}
    assert links == ["box/bin/sh"]


def test_the_folders_own_mode_does_not_travel(tmp_path: Path) -> None:
    folder = tmp_path / "from"
    folder.mkdir(mode=0o500)
    archive.pack_folder(folder, tmp_path / "t.tar")
    with tarfile.open(tmp_path / "t.tar") as tar:
        assert tar.getnames() == []


def test_a_folder_above_the_limit_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "from"
    folder.mkdir()
    with (folder / "sparse").open("wb") as file:
        file.truncate(2 * 1024**2)
    with pytest.raises(ConfigurationError, match="more than 1 MiB"):
        archive.pack_folder(folder, tmp_path / "t.tar", limit=1024**2)
    assert not (tmp_path / "t.tar").exists()
    assert archive.within(folder, 2 * 1024**2)


def test_a_folder_that_vanishes_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(OspilotError, match="cannot be copied"):
        archive.pack_folder(tmp_path / "gone", tmp_path / "t.tar")


def test_bytes_that_are_a_script_become_executable(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("x")
    archive.pack_files(
        {"run.sh": b"#!/bin/sh\n", "job.sub": b"queue\n", "data": tmp_path / "data"}, tmp_path / "t.tar"
    )
    with tarfile.open(tmp_path / "t.tar") as tar:
        modes = {member.name: bool(member.mode & 0o100) for member in tar.getmembers()}
    assert modes == {"run.sh": True, "job.sub": False, "data": False}


def test_results_come_back_as_files(tmp_path: Path) -> None:
    archive.pack_files({"./a.out": b"1", "./sub/b.out": b"2"}, tmp_path / "t.tar")
    found = archive.unpack(tmp_path / "t.tar", tmp_path / "to")
    assert [path.relative_to(tmp_path / "to").as_posix() for path in found] == ["a.out", "sub/b.out"]
    assert (tmp_path / "to/sub/b.out").read_text() == "2"


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "sub/../../evil"])
def test_results_cannot_leave_the_folder(tmp_path: Path, name: str) -> None:
    with tarfile.open(tmp_path / "t.tar", "w") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = 1
        tar.addfile(entry, io.BytesIO(b"x"))
    to = tmp_path / "in/to"
    to.mkdir(parents=True)
    try:
        archive.unpack(tmp_path / "t.tar", to)
    except OspilotError:
        pass
    else:
        # An absolute name is taken as one below the folder.
        assert (to / "etc/evil").exists()
    assert not (tmp_path / "in/evil").exists()
    assert not (tmp_path / "evil").exists()
    assert not Path("/etc/evil").exists()


def test_results_get_no_setuid_bit(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "t.tar", "w") as tar:
        entry = tarfile.TarInfo("tool")
        entry.mode = 0o4777
        tar.addfile(entry, io.BytesIO(b""))
    (path,) = archive.unpack(tmp_path / "t.tar", tmp_path / "to")
    assert not path.stat().st_mode & 0o4000
    assert os.access(path, os.R_OK)
