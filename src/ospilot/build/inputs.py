"""What an image is made from, as one fingerprint: the same inputs need no second build."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path

from ospilot import __version__
from ospilot.errors import OspilotError

LABEL = "org.ospilot.inputs"
"""The image label that holds the fingerprint."""

INPUTS = ("image", "src", "requirements/image.txt", "pyproject.toml", "README.md", "LICENSE")
"""Files and folders of a checkout that reach the image; the last two travel in our wheel."""

DEBIAN_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
"""Machines that we build on, under the names that Debian gives them."""


def checkout() -> Path:
    """Return the checkout that this package runs from; raise OspilotError if there is none."""
    root = Path(__file__).resolve().parents[3]
    if not (root / "image/Containerfile").is_file():
        raise OspilotError(
            "images are built from a checkout of ospilot, and this is an installed package",
            fix="clone the repository and run 'make image' in it, or pull a published image",
        )
    return root


def machine() -> str:
    """Return the kernel's name for this machine; raise OspilotError if no image can be built for it."""
    name = platform.machine()
    if name not in DEBIAN_ARCHITECTURES:
        raise OspilotError(
            f"no image is defined for {name} machines",
            fix=f"build on one of {', '.join(sorted(DEBIAN_ARCHITECTURES))}",
        )
    return name


def input_files(root: Path, names: Iterable[str] = INPUTS) -> list[Path]:
    """Given a checkout, return the files that reach the image, sorted, without Python's byte code."""
    found: list[Path] = []
    for name in names:
        top = root / name
        candidates = [top] if top.is_file() else sorted(top.rglob("*"))
        found += [path for path in candidates if path.is_file() and "__pycache__" not in path.parts]
    return sorted(found)


def fingerprint(root: Path, files: Iterable[Path], facts: Mapping[str, str]) -> str:
    """Given the input files below ``root`` and other facts, return 16 hex digits that tell them apart.

    A file counts with its path, its executable bit and its content; times and owners do not count.
    """
    digest = hashlib.sha256()
    for name, value in sorted(facts.items()):
        digest.update(f"{name}={value}\0".encode())
    for path in files:
        executable = "x" if os.access(path, os.X_OK) else "-"
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(root)}\0{executable}\0{content}\0".encode())
    return digest.hexdigest()[:16]


def current(root: Path) -> str:
    """Given a checkout, return the fingerprint of the image that it yields on this machine."""
    facts = {"version": __version__, "architecture": DEBIAN_ARCHITECTURES[machine()]}
    return fingerprint(root, input_files(root), facts)
