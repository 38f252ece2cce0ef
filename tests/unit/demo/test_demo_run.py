from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from ospilot.demo.run import Demo
from ospilot.demo.verdict import Snapshot
from ospilot.errors import ConfigurationError
from ospilot.launch.podman import Podman
from ospilot.pool import EmbeddedPool

EVERYTHING = {"ospilot-demo-1-a", "ospilot-demo-1-b", "ospilot-pool-demo-1"}


@dataclass(frozen=True)
class Engine(Podman):
    """A podman with the named images and no container."""

    images: tuple[str, ...] = ()
    removed: list[str] = field(default_factory=list)

    def image_labels(self, image: str) -> dict[str, str] | None:
        """Know the named images."""
        return {} if image in self.images else None

    def containers(self, label: str) -> list[dict[str, Any]]:  # noqa: ARG002 - there is none
        """Know none."""
        return []

    def remove(self, name: str) -> None:
        """Note the name."""
        self.removed.append(name)


class Silent:
    """A watcher who says nothing."""

    def step(self, text: str) -> None:
        """Note nothing."""

    def update(self, snapshot: Snapshot) -> None:
        """Note nothing."""


class Gone(Silent):
    """A watcher whose terminal was closed."""

    def step(self, text: str) -> None:
        """Fail as writing to a closed pipe does."""
        raise BrokenPipeError(text)


def test_without_the_pilots_image_nothing_is_started() -> None:
    engine = Engine()
    with pytest.raises(ConfigurationError, match="no such image"):
        Demo("demo-1", "pilot", engine).run(Silent())
    assert engine.removed == []


@pytest.mark.parametrize("keep", [False, True])
def test_a_demo_that_fails_to_start_removes_everything_also_if_it_should_keep(*, keep: bool) -> None:
    engine = Engine(images=("pilot",))
    with pytest.raises(ConfigurationError, match="OSPILOT_POOL_IMAGE"):
        Demo("demo-1", "pilot", engine, keep=keep).run(Silent())
    assert set(engine.removed) == EVERYTHING


def test_everything_is_removed_also_when_nobody_can_be_told_any_more() -> None:
    engine = Engine(images=("pilot",))
    with pytest.raises(BrokenPipeError):
        Demo("demo-1", "pilot", engine).run(Gone())
    assert set(engine.removed) == EVERYTHING


def test_the_demos_pool_is_its_own() -> None:
    demo = Demo("demo-1", "pilot", Engine())
    assert isinstance(demo.pool, EmbeddedPool)
    assert demo.pool.container == "ospilot-pool-demo-1"
    assert len({pilot.resource for pilot in demo.pilots}) == 2
    assert len({pilot.site for pilot in demo.pilots}) == 2
