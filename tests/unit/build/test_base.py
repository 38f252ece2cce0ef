from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from ospilot import commands
from ospilot.build import base
from ospilot.errors import CommandError, OspilotError
from ospilot.host import quirks
from ospilot.launch.podman import Podman


class Host:
    """A host's programs, answered from a table; remembers what was run."""

    def __init__(self, *, images: str = "", registry: bool = False, programs: tuple[str, ...] = ()) -> None:
        self.images, self.registry, self.programs = images, registry, programs
        self.ran: list[str] = []

    def run(self, argv: list[str], *, timeout: float = 60.0) -> commands.Finished:
        """Answer as ``commands.run`` would on this host."""
        line = " ".join(argv)
        self.ran.append(line)
        if ("manifest" in argv or "pull" in argv) and not self.registry:
            raise CommandError(command=line, returncode=125, seconds=min(timeout, 0.1), output="no route")
        return commands.Finished(line, 0, self.images if "images" in argv else "", "", 0.1)

    def available(self, program: str) -> bool:
        """Answer as ``commands.available`` would on this host."""
        return program in self.programs


def find(
    monkeypatch: pytest.MonkeyPatch, host: Host, *, wanted: str | None = None, fresh: bool = False
) -> base.Base:
    monkeypatch.setattr(commands, "run", host.run)
    monkeypatch.setattr(commands, "available", host.available)
    monkeypatch.setattr(quirks, "stale_release", lambda _suite: False)
    return base.find(Podman(), wanted=wanted, fresh=fresh, say=lambda _line: None)


OLD, NEW = "localhost/ospilot-base:testing-20260101", "localhost/ospilot-base:testing-20260301"


def test_the_base_named_is_taken_without_a_look_at_others(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(images=NEW, registry=True)
    assert find(monkeypatch, host, wanted="mine:1").name == "mine:1"
    assert host.ran == []


def test_the_newest_base_at_hand_spares_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(images=f"{OLD}\n{NEW}\nlocalhost/ospilot-base:mine\n", registry=True)
    assert find(monkeypatch, host).name == NEW
    assert not any("pull" in line for line in host.ran)


def test_a_fresh_build_passes_over_the_base_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find(monkeypatch, Host(images=NEW, registry=True), fresh=True).name == base.DEFAULT_BASE


def test_without_a_registry_the_base_is_made_here(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(programs=("mmdebstrap",))
    assert find(monkeypatch, host).name.startswith("localhost/ospilot-base:testing-")
    assert host.ran[-2].startswith("mmdebstrap")
    assert "podman import" in host.ran[-1]


def test_a_registry_that_does_not_answer_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(programs=("mmdebstrap",))
    find(monkeypatch, host)
    assert sum("manifest" in line or "pull" in line for line in host.ran) == 1


def test_without_any_way_the_error_names_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OspilotError, match="mmdebstrap") as caught:
        find(monkeypatch, Host())
    assert "--base" in str(caught.value.fix)


def test_a_base_made_here_tells_its_day() -> None:
    assert base.local_tag(dt.date(2026, 3, 1)) == NEW


def test_only_a_mirror_that_is_a_snapshot_has_its_date_unchecked() -> None:
    usual, snapshot = (base.mmdebstrap_argv(Path("base.tar"), stale=stale) for stale in (False, True))
    assert not any("Valid-Until" in word for word in usual)
    assert '--aptopt=Acquire::Check-Valid-Until "false"' in snapshot
