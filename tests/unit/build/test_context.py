from __future__ import annotations

from pathlib import Path

import pytest

from ospilot.build import context, inputs


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    wheels, own = tmp_path / "wheels", tmp_path / "own"
    for folder in (wheels, own):
        folder.mkdir()
        (folder / "package.whl").write_bytes(b"wheel")
        (folder / "package.whl").chmod(0o600)
    return wheels, own


def test_the_context_is_the_same_whatever_the_umask_and_age_of_its_sources(
    tmp_path: Path, folders: tuple[Path, Path]
) -> None:
    target = tmp_path / "context"
    context.assemble(target, root=inputs.checkout(), wheels=folders[0], own=folders[1])
    assert (target / "wheels/package.whl").stat().st_mode & 0o777 == 0o644
    assert (target / "build/install-packages").stat().st_mode & 0o777 == 0o755
    assert {path.stat().st_mtime for path in target.rglob("*")} == {0.0}


def test_nothing_of_an_earlier_context_stays(tmp_path: Path, folders: tuple[Path, Path]) -> None:
    target = tmp_path / "context"
    (target / "files").mkdir(parents=True)
    (target / "files/left-over").write_text("old")
    context.assemble(target, root=inputs.checkout(), wheels=folders[0], own=folders[1])
    assert not (target / "files/left-over").exists()


def test_all_that_the_definitions_copy_is_there(tmp_path: Path, folders: tuple[Path, Path]) -> None:
    target = tmp_path / "context"
    context.assemble(target, root=inputs.checkout(), wheels=folders[0], own=folders[1])
    for line in (target / "Containerfile").read_text().splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert (target / source).exists(), source
