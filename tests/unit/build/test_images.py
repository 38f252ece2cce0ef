from __future__ import annotations

from pathlib import Path

import pytest

from ospilot import commands
from ospilot.build import base, images, inputs
from ospilot.host.quirks import HostQuirks
from ospilot.launch.podman import Podman


@pytest.fixture
def root_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)


def words(podman: Podman) -> list[str]:
    arguments = {"BASE": "b", "APT_OPTIONS": ""}
    return images.build_words(podman, Path("Containerfile"), arguments, epoch=7, target="pilot", tag="x:1")


@pytest.mark.usefixtures("root_user")
def test_a_normal_host_builds_without_limits() -> None:
    assert not any(word.startswith("--ulimit") for word in words(Podman()))


@pytest.mark.usefixtures("root_user")
def test_a_host_that_may_not_raise_limits_names_them() -> None:
    assert "--ulimit=nofile=20000:20000" in words(Podman(HostQuirks(no_sys_resource=True)))


def test_every_file_of_an_image_has_the_time_of_the_commit() -> None:
    assert "--timestamp=7" in words(Podman())


def test_the_creation_label_is_the_commits_time() -> None:
    origin = images.Provenance(inputs="f", revision="r", epoch=86400, base="b")
    assert origin.build_args()["CREATED"] == "1970-01-02T00:00:00Z"


def test_a_tree_without_git_still_has_a_provenance(tmp_path: Path) -> None:
    origin = images.provenance(tmp_path, fingerprint="f", base_name="b")
    assert (origin.revision, origin.epoch) == ("unknown", 0)


def test_a_forced_build_leaves_a_mark_that_later_builds_keep(tmp_path: Path) -> None:
    path = tmp_path / "refresh"
    assert not images.refresh_mark(path, renew=False)
    mark = images.refresh_mark(path, renew=True)
    assert mark
    assert images.refresh_mark(path, renew=False) == mark


class LabelledPodman(Podman):
    """A podman whose images all carry the same labels."""

    found: dict[str, str] | None = None

    def image_labels(self, image: str) -> dict[str, str] | None:  # noqa: ARG002 - one answer for all
        """Return the labels that the test chose."""
        return self.found


def built_with(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, labels: dict[str, str] | None, **options: object
) -> tuple[bool, list[str]]:
    (tmp_path / "image").mkdir(exist_ok=True)
    podman, said, ran = LabelledPodman(), list[str](), list[str]()
    monkeypatch.setattr(LabelledPodman, "found", labels)
    monkeypatch.setattr(inputs, "checkout", lambda: tmp_path)
    monkeypatch.setattr(inputs, "current", lambda _root: "now")
    monkeypatch.setattr(commands, "available", lambda _program: True)
    monkeypatch.setattr(commands, "run", lambda argv, **_: ran.append(" ".join(argv)))
    monkeypatch.setattr(base, "find", lambda *_, **__: base.Base("b"))
    monkeypatch.setattr(images.Steps, "all", lambda *_, **__: None)
    done = images.build(podman, say=said.append, **options)  # type: ignore[arg-type]
    return done.built, said


def test_nothing_is_built_when_both_images_have_these_inputs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    built, said = built_with(monkeypatch, tmp_path, {inputs.LABEL: "now"})
    assert not built
    assert len(said) == 1
    assert "up to date" in said[0]


@pytest.mark.parametrize("labels", [None, {}, {inputs.LABEL: "before"}], ids=["absent", "bare", "older"])
def test_an_image_that_is_absent_or_older_is_built(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, labels: dict[str, str] | None
) -> None:
    assert built_with(monkeypatch, tmp_path, labels)[0]


def test_force_builds_in_any_case(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert built_with(monkeypatch, tmp_path, {inputs.LABEL: "now"}, force=True)[0]


def test_another_base_is_another_image(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    labels = {inputs.LABEL: "now", "org.opencontainers.image.base.name": "debian:testing-slim"}
    assert built_with(monkeypatch, tmp_path, labels, wanted_base="mine:1")[0]
    assert not built_with(monkeypatch, tmp_path, labels, wanted_base="debian:testing-slim")[0]
