"""The wheelhouse: locked dependencies and our own wheel, fetched on the host and installed offline."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from ospilot import commands

GLIBC_MINORS = (17, 28, 34)
"""Minor versions of glibc 2 that wheels are made for; the image's own is newer than all of them."""

WHEEL_EPOCH = "1577836800"
"""Time of the files in our wheel (2020-01-01, hatchling's own default, whatever the caller's environment)."""


def platforms(machine: str) -> tuple[str, ...]:
    """Given a machine, return the platform tags of the wheels that run in the image."""
    return (*(f"manylinux_2_{minor}_{machine}" for minor in GLIBC_MINORS), f"manylinux2014_{machine}")


def download_argv(requirements: Path, target: Path, *, python: str, machine: str) -> list[str]:
    """Given locked requirements, return the pip command that fetches their wheels for the image's Python.

    ``python`` is a version such as ``3.14``. Pure.
    """
    argv = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    argv += ["--only-binary=:all:", "--no-deps", "--require-hashes", f"--requirement={requirements}"]
    argv += ["--implementation=cp", f"--python-version={python}", f"--abi=cp{python.replace('.', '')}"]
    argv += ["--abi=abi3", "--abi=none", *(f"--platform={tag}" for tag in platforms(machine))]
    return [*argv, f"--dest={target}"]


def house_name(requirements: bytes, *, python: str, machine: str) -> str:
    """Return the name of the folder for the wheels of these requirements; it changes with them. Pure."""
    return f"wheels-{hashlib.sha256(requirements).hexdigest()[:12]}-{python}-{machine}"


def dependencies(requirements: Path, cache: Path, *, python: str, machine: str) -> Path:
    """Return the folder with the wheels of the requirements, fetched once and then kept in ``cache``.

    Raise CommandError if a wheel cannot be had or its hash differs from the locked one.
    """
    house = cache / house_name(requirements.read_bytes(), python=python, machine=machine)
    if house.is_dir():
        return house
    partial = house.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    commands.run(download_argv(requirements, partial, python=python, machine=machine), timeout=600)
    shutil.copyfile(requirements, partial / "requirements.txt")
    partial.rename(house)
    return house


def own(root: Path, target: Path, *, environ: dict[str, str]) -> Path:
    """Given a checkout, build its wheel alone into the folder ``target``, made anew; return the folder."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    commands.run(
        _wheel_argv(target),
        timeout=120,
        cwd=root,
        env={**environ, "SOURCE_DATE_EPOCH": WHEEL_EPOCH},
    )
    return target


def _wheel_argv(target: Path) -> Sequence[str]:
    return [sys.executable, "-m", "hatchling", "build", "--target=wheel", f"--directory={target}"]
