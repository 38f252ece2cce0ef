from __future__ import annotations

import io
import random
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass, replace

import pytest

from ospilot.build import content


@dataclass(frozen=True)
class File:
    """One member of an archive."""

    name: str
    data: bytes = b""
    mode: int = 0o644
    uid: int = 0
    mtime: int = 0
    link: str | None = None


def archive(files: Iterable[File]) -> tarfile.TarFile:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for file in files:
            member = tarfile.TarInfo(file.name)
            member.mode, member.uid, member.mtime = file.mode, file.uid, file.mtime
            if file.link is not None:
                member.type, member.linkname = tarfile.SYMTYPE, file.link
            member.size = len(file.data)
            tar.addfile(member, io.BytesIO(file.data))
    buffer.seek(0)
    return tarfile.open(fileobj=buffer)


SHELL = File("usr/bin/sh", b"#!", mode=0o755)
LINK = File("bin", link="usr/bin")


def test_times_and_order_do_not_change_the_digest() -> None:
    later = replace(SHELL, mtime=1_700_000_000)
    assert content.digest(archive([SHELL, LINK])) == content.digest(archive([LINK, later]))


@pytest.mark.parametrize(
    "changed",
    [
        replace(SHELL, name="usr/bin/dash"),
        replace(SHELL, data=b"#?"),
        replace(SHELL, mode=0o711),
        replace(SHELL, uid=1000),
        replace(SHELL, data=b"", link="dash"),
    ],
    ids=["path", "content", "mode", "owner", "kind"],
)
def test_all_else_changes_the_digest(changed: File) -> None:
    assert content.digest(archive([SHELL])) != content.digest(archive([changed]))


def test_a_link_that_points_elsewhere_changes_the_digest() -> None:
    assert content.digest(archive([LINK])) != content.digest(archive([replace(LINK, link="usr/sbin")]))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("usr/bin/git", "git"),
        ("usr/lib/x86_64-linux-gnu/libz.so", "zlib1g"),
        ("opt/ospilot/bin/python", "/opt/ospilot"),
        ("opt/ospilot/lib/__pycache__/a.pyc", "Python byte code of ospilot"),
        ("usr/lib/python3.14/__pycache__/os.pyc", "Python byte code"),
        ("usr/libexec/condor/exit_37.sif", "/usr/libexec/condor"),
        ("etc/passwd", "/etc"),
        ("notes", "/"),
    ],
)
def test_a_file_counts_for_its_package_or_its_folder(path: str, name: str) -> None:
    tar = archive(
        [
            File("./var/lib/dpkg/info/git.list", b"/.\n/usr/bin/git\n"),
            File("./var/lib/dpkg/info/zlib1g:amd64.list", b"/lib/x86_64-linux-gnu/libz.so\n"),
            File("./var/lib/dpkg/info/git.md5sums", b"0000 /etc/passwd\n"),
        ]
    )
    owned = {**content.owners(tar)}
    owned["lib/x86_64-linux-gnu/libz.so"] = "zlib1g"
    assert content.owner(path, owned) == name


def test_shares_are_sorted_and_add_up_to_the_image() -> None:
    # Random bytes do not compress, so the larger file is the larger share.
    noise = random.Random(1)  # noqa: S311 - filler
    files = [File("etc/small", noise.randbytes(1000)), File("opt/a/big", noise.randbytes(9000))]
    found = content.shares(archive(files), owned={}, compressed=500)
    assert [share.name for share in found] == ["/opt/a", "/etc"]
    assert [share.size for share in found] == [9000, 1000]
    assert sum(share.compressed for share in found) == pytest.approx(500, abs=1)


def test_the_table_names_the_total_the_budget_and_every_byte() -> None:
    shares = tuple(content.Share(f"package-{n}", 20_000_000, 10_000_000) for n in range(5))
    lines = content.table(content.Size(50_000_000, 100_000_000, shares), rows=2)
    assert "50.0 MB compressed (zstd -3), within the budget of 200.0 MB" in lines[0]
    assert lines[-1].split() == ["30.0", "MB", "60.0", "MB", "3", "others"]


def test_a_large_image_is_over_its_budget() -> None:
    size = content.Size(content.BUDGET_BYTES + 1, 2 * content.BUDGET_BYTES, ())
    assert not size.within_budget
    assert "OVER" in content.table(size)[0]
