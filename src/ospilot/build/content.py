"""The content of an image's file system: a digest to compare builds by, and where the bytes went."""

from __future__ import annotations

import hashlib
import tarfile
import tempfile
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ospilot import commands
from ospilot.launch.podman import Podman

BUDGET_BYTES = 200_000_000
"""At most this much compressed (zstd, level 3): what a site downloads for its first pilot."""

DPKG_LISTS = "var/lib/dpkg/info/"
"""Where dpkg keeps, package by package, the list of the files that it installed."""


@contextmanager
def exported(podman: Podman, image: str) -> Iterator[Path]:
    """Give an image's file system as a tar file, removed afterwards; raise CommandError if there is none."""
    container = commands.run(podman.argv("create", "--pull=never", image)).stdout.strip()
    try:
        with tempfile.TemporaryDirectory(prefix="ospilot-export-") as folder:
            tar = Path(folder) / "image.tar"
            commands.run(podman.argv("export", f"--output={tar}", container), timeout=300)
            yield tar
    finally:
        commands.run(podman.argv("rm", container))


def digest(tar: tarfile.TarFile) -> str:
    """Given a file system as a tar file, return the SHA-256 of its content.

    Path, type, mode, owner, size, link target, device and bytes count; times and the order of members do not.
    """
    lines = sorted(_line(tar, member) for member in tar)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _line(tar: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    source = tar.extractfile(member) if member.isreg() else None
    content = "-" if source is None else hashlib.sha256(source.read()).hexdigest()
    facts = (
        member.name.removeprefix("./").rstrip("/"),
        member.type.decode(),
        f"{member.mode:o}",
        member.uid,
        member.gid,
        member.size,
        member.linkname,
        f"{member.devmajor}:{member.devminor}",
        content,
    )
    return "\0".join(str(fact) for fact in facts)


@dataclass(frozen=True)
class Share:
    """What one package or folder takes of an image, in bytes."""

    name: str
    size: int
    compressed: int
    """An estimate: files are compressed one by one, then scaled to the image's own compressed size."""


@dataclass(frozen=True)
class Size:
    """The size of an image, in bytes, and where it went, largest share first."""

    compressed: int
    uncompressed: int
    shares: tuple[Share, ...]

    @property
    def within_budget(self) -> bool:
        """Whether the image keeps its budget."""
        return self.compressed <= BUDGET_BYTES


def owners(tar: tarfile.TarFile) -> dict[str, str]:
    """Given a Debian file system as a tar file, return which package installed each file."""
    owned: dict[str, str] = {}
    for member in tar:
        name = member.name.removeprefix("./")
        if not (name.startswith(DPKG_LISTS) and name.endswith(".list")):
            continue
        source = tar.extractfile(member)
        if source is None:
            continue
        package = PurePosixPath(name).stem.partition(":")[0]
        owned.update((path.lstrip("/"), package) for path in source.read().decode().splitlines())
    return owned


def owner(path: str, owned: Mapping[str, str]) -> str:
    """Given a file, return its package, or the folder that it stands in where no package owns it. Pure."""
    # Debian's packages may still name /bin/x for what is /usr/bin/x.
    package = owned.get(path) or owned.get(path.removeprefix("usr/"))
    if package is not None:
        return package
    parts = PurePosixPath(path).parts
    if "__pycache__" in parts:
        return "Python byte code" + (" of ospilot" if parts[0] == "opt" else "")
    return "/" + "/".join(parts[: min(len(parts) - 1, 3 if parts[0] == "usr" else 2)])


def shares(tar: tarfile.TarFile, *, owned: Mapping[str, str], compressed: int) -> tuple[Share, ...]:
    """Given a file system and its compressed size, return what each package or folder takes, sorted."""
    sizes: defaultdict[str, int] = defaultdict(int)
    packed: defaultdict[str, int] = defaultdict(int)
    for member in tar:
        source = tar.extractfile(member) if member.isreg() else None
        if source is not None:
            name = owner(member.name.removeprefix("./"), owned)
            sizes[name] += member.size
            packed[name] += len(zlib.compress(source.read(), 1))
    scale = compressed / max(1, sum(packed.values()))
    found = (Share(name, size, round(packed[name] * scale)) for name, size in sizes.items())
    return tuple(sorted(found, key=lambda share: (-share.compressed, share.name)))


def measure(podman: Podman, image: str) -> Size:
    """Return the size of an image's file system and where it went; raise CommandError without the image."""
    with exported(podman, image) as path:
        packed = path.with_suffix(".tar.zst")
        commands.run(["zstd", "-3", "-T0", "--quiet", str(path), "-o", str(packed)], timeout=300)
        compressed = packed.stat().st_size
        with tarfile.open(path) as tar:
            owned = owners(tar)
            return Size(compressed, path.stat().st_size, shares(tar, owned=owned, compressed=compressed))


def image_digest(podman: Podman, image: str) -> str:
    """Return the content digest of an image's file system; raise CommandError without the image."""
    with exported(podman, image) as path, tarfile.open(path) as tar:
        return digest(tar)


def table(size: Size, *, rows: int = 15) -> list[str]:
    """Given a size, return it as lines for a person: the total beside the budget, then the largest shares."""
    verdict = "within" if size.within_budget else "OVER"
    total = f"{_mb(size.compressed)} MB compressed (zstd -3), {verdict} the budget of {_mb(BUDGET_BYTES)} MB"
    lines = [
        f"{total}; {_mb(size.uncompressed)} MB unpacked",
        f"{'compressed':>10}  {'unpacked':>10}  package or folder",
    ]
    shown, rest = size.shares[:rows], size.shares[rows:]
    if rest:
        size_of_rest, packed_rest = sum(s.size for s in rest), sum(s.compressed for s in rest)
        shown = (*shown, Share(f"{len(rest)} others", size_of_rest, packed_rest))
    lines += [f"{_mb(s.compressed):>7} MB  {_mb(s.size):>7} MB  {s.name}" for s in shown]
    return lines


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f}"
