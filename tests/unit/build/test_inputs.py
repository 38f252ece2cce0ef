from __future__ import annotations

from pathlib import Path

import pytest

from ospilot.build import inputs
from ospilot.errors import OspilotError

FACTS = {"version": "1", "architecture": "amd64"}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "image").mkdir()
    (tmp_path / "image/Containerfile").write_text("FROM scratch\n")
    (tmp_path / "src/ospilot").mkdir(parents=True)
    (tmp_path / "src/ospilot/code.py").write_text("x = 1\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    return tmp_path


def of(root: Path, facts: dict[str, str] = FACTS) -> str:
    return inputs.fingerprint(root, inputs.input_files(root), facts)


def test_the_same_inputs_have_the_same_fingerprint_whatever_their_age(checkout: Path) -> None:
    before = of(checkout)
    (checkout / "pyproject.toml").touch()
    assert of(checkout) == before


def test_a_changed_file_changes_the_fingerprint(checkout: Path) -> None:
    before = of(checkout)
    (checkout / "src/ospilot/code.py").write_text("x = 2\n")
    assert of(checkout) != before


def test_a_renamed_file_changes_the_fingerprint(checkout: Path) -> None:
    before = of(checkout)
    (checkout / "src/ospilot/code.py").rename(checkout / "src/ospilot/other.py")
    assert of(checkout) != before


def test_the_executable_bit_counts(checkout: Path) -> None:
    before = of(checkout)
    (checkout / "image/Containerfile").chmod(0o755)
    assert of(checkout) != before


def test_version_and_architecture_count(checkout: Path) -> None:
    assert of(checkout) != of(checkout, {**FACTS, "architecture": "arm64"})
    assert of(checkout) != of(checkout, {**FACTS, "version": "2"})


def test_byte_code_and_files_outside_the_image_do_not_count(checkout: Path) -> None:
    before = of(checkout)
    cache = checkout / "src/ospilot/__pycache__"
    cache.mkdir()
    (cache / "code.cpython-311.pyc").write_bytes(b"anything")
    (checkout / "tests").mkdir()
    (checkout / "tests/test_code.py").write_text("")
    assert of(checkout) == before


def test_this_checkout_is_found_and_has_a_fingerprint() -> None:
    root = inputs.checkout()
    assert (root / "image/Containerfile") in inputs.input_files(root)
    assert len(of(root)) == 16


def test_a_machine_without_a_definition_is_refused_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "s390x")
    with pytest.raises(OspilotError, match="s390x") as caught:
        inputs.machine()
    assert caught.value.fix is not None
    assert "x86_64" in caught.value.fix
