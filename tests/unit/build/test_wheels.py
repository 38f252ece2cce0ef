from __future__ import annotations

from pathlib import Path

import pytest

from ospilot import commands
from ospilot.build import wheels
from ospilot.errors import CommandError


def test_wheels_are_fetched_for_the_images_python_and_checked_against_the_lock() -> None:
    argv = wheels.download_argv(Path("image.txt"), Path("to"), python="3.14", machine="x86_64")
    assert "--require-hashes" in argv
    assert "--python-version=3.14" in argv
    assert "--abi=cp314" in argv
    assert "--platform=manylinux_2_28_x86_64" in argv
    assert not any(word.startswith(("--index", "--extra-index", "--find-links")) for word in argv)


def test_a_new_lock_python_or_machine_gets_a_house_of_its_own() -> None:
    names = {
        wheels.house_name(lock, python=python, machine=machine)
        for lock in (b"a", b"b")
        for python in ("3.13", "3.14")
        for machine in ("x86_64", "aarch64")
    }
    assert len(names) == 8


def test_wheels_are_fetched_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "image.txt"
    lock.write_text("a==1\n")
    calls: list[list[str]] = []
    monkeypatch.setattr(commands, "run", lambda argv, **_: calls.append(argv))
    houses = {wheels.dependencies(lock, tmp_path, python="3.14", machine="x86_64") for _ in range(2)}
    assert len(houses) == 1
    assert len(calls) == 1
    assert (houses.pop() / "requirements.txt").read_text() == "a==1\n"


def test_a_failed_fetch_leaves_no_house_that_looks_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "image.txt"
    lock.write_text("a==1\n")

    def refuse(argv: list[str], **_: object) -> None:
        raise CommandError(command=argv[0], returncode=1, seconds=0.1, output="hash mismatch")

    monkeypatch.setattr(commands, "run", refuse)
    with pytest.raises(CommandError):
        wheels.dependencies(lock, tmp_path, python="3.14", machine="x86_64")
    assert not (tmp_path / wheels.house_name(lock.read_bytes(), python="3.14", machine="x86_64")).exists()
