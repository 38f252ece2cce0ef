"""Fixtures that every tier shares: one embedded pool for the session, and an operator for each test."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from driver import Operator, operator
from ospilot.host import quirks
from ospilot.launch.podman import Podman
from ospilot.pool import EmbeddedPool, PoolInfo, write_token


@pytest.fixture(scope="session")
def podman() -> Podman:
    return Podman(quirks.detect())


@pytest.fixture(scope="session")
def pool(podman: Podman) -> Iterator[EmbeddedPool]:
    """One pool for the whole session: the product's own, as a user starts it."""
    one = EmbeddedPool(f"test-{secrets.token_hex(3)}", podman)
    try:
        one.up()
        yield one
    finally:
        one.down()


@pytest.fixture(scope="session")
def pool_info(pool: EmbeddedPool) -> PoolInfo:
    return pool.up()


@pytest.fixture(scope="session")
def token_file(pool: EmbeddedPool, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("token") / "pilot.tkn"
    write_token(path, pool.token())
    return path


@pytest.fixture
def site(pool: EmbeddedPool, pool_info: PoolInfo, token_file: Path, tmp_path: Path) -> Iterator[Operator]:
    """An operator whose pilots join the session's pool."""
    with operator(pool, pool_info.address, token_file, tmp_path) as one:
        try:
            yield one
        finally:
            pool.exec("condor_rm", "-all", check=False)
