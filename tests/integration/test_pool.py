"""The embedded pool is a real one: it asks for tokens, encrypts, and stands beside others."""

from __future__ import annotations

import secrets

import pytest

from driver import Operator, claims
from ospilot.launch.podman import Podman
from ospilot.pool import EmbeddedPool, pools

pytestmark = pytest.mark.integration


def test_a_pilots_token_gives_three_rights_and_no_more(pool: EmbeddedPool) -> None:
    scopes = str(claims(pool.token())["scope"]).split()
    assert sorted(scopes) == ["condor:/ADVERTISE_MASTER", "condor:/ADVERTISE_STARTD", "condor:/READ"]


def test_a_pilots_token_cannot_submit_or_administer(site: Operator) -> None:
    pilot = site.start().accepting()
    for right in ("WRITE", "ADMINISTRATOR", "NEGOTIATOR", "ADVERTISE_SCHEDD"):
        words = "export PILOT_CONFIG_FILE=$(ls -d /pilot/*/condor_config.pilot); condor_ping -type collector "
        done = site.podman.exec(pilot.name, "sh", "-c", f"{words} {right}", user="osg", check=False)
        assert done.returncode != 0, f"{right} must be refused"
        done = site.podman.exec(pilot.name, "sh", "-c", f"{words} ADVERTISE_STARTD", user="osg")
        assert "AES" in done.stdout, "the connection is encrypted"


def test_two_pools_stand_side_by_side_and_refuse_each_others_tokens(
    pool: EmbeddedPool, podman: Podman, site: Operator
) -> None:
    other = EmbeddedPool(f"test-{secrets.token_hex(3)}", podman)
    try:
        info = other.up()
        assert {pool.name, other.name} <= {one.name for one in pools(podman)}
        assert other.up() == info, "up is idempotent"
        stranger = site.start(address=info.address)
        assert stranger.wait(30) == 21
        assert "refused this pilot's token" in stranger.log()
        assert stranger.directories() == []
    finally:
        other.down()
    assert other.info() is None
