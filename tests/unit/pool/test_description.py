from __future__ import annotations

import pytest

from ospilot.errors import ConfigurationError
from ospilot.host.quirks import HostQuirks
from ospilot.launch.podman import MANAGED_LABEL, run_argv
from ospilot.pool import description
from ospilot.pool.description import PoolInfo


@pytest.mark.parametrize("name", ["default", "a", "test-2", "0", "x" * 40])
def test_names_that_can_be_part_of_a_host_label_are_taken(name: str) -> None:
    assert description.checked_name(name) == name


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a_b", "a b", "a.b", "x" * 41, "a\n", "$(id)"])
def test_other_names_are_refused_with_name_and_value(name: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        description.checked_name(name)
    assert caught.value.problems[0].value == name
    assert caught.value.problems[0].name == "--name"


@pytest.mark.parametrize("identity", ["", "a@b", "a b", "-x", "a\n", "é"])
def test_an_identity_carries_no_domain_and_nothing_odd(identity: str) -> None:
    with pytest.raises(ConfigurationError):
        description.checked_identity(identity)


def test_the_image_comes_from_the_environment_if_it_names_one() -> None:
    assert description.default_image({"OSPILOT_POOL_IMAGE": "localhost/mine"}) == "localhost/mine"
    assert description.default_image({"OSPILOT_POOL_IMAGE": ""}) == description.DEFAULT_IMAGE


def test_a_pools_own_values_stand_before_the_policy_that_reads_them() -> None:
    text = description.config_text("b", 4711, "b-1.ospilot")
    own, policy = text.split("# The embedded pool", 1)
    assert "OSPILOT_POOL_PORT = 4711\n" in own
    assert "OSPILOT_POOL_DOMAIN = b-1.ospilot\n" in own
    assert "SHARED_PORT_PORT = $(OSPILOT_POOL_PORT)" in policy


def test_the_policy_requires_authentication_and_encryption_on_loopback() -> None:
    lines = description.config_text("b", 1, "d").splitlines()
    assert "SEC_DEFAULT_AUTHENTICATION = REQUIRED" in lines
    assert "SEC_DEFAULT_ENCRYPTION = REQUIRED" in lines
    assert "NETWORK_INTERFACE = 127.0.0.1" in lines
    assert not [line for line in lines if line.startswith("ALLOW_") and line.endswith("= *")]


def test_pilots_may_advertise_machines_and_nothing_else_may() -> None:
    lines = dict(
        line.split(" = ", 1) for line in description.config_text("b", 1, "d").splitlines() if " = " in line
    )
    assert lines["ALLOW_ADVERTISE_STARTD"] == "$(OSPILOT_POOL_PILOTS)"
    assert lines["OSPILOT_POOL_PILOTS"] == "pilot@$(OSPILOT_POOL_DOMAIN)"
    assert [name for name, value in lines.items() if "PILOTS" in value] == [
        "ALLOW_ADVERTISE_STARTD",
        "ALLOW_ADVERTISE_MASTER",
    ]


def test_the_container_gets_no_path_no_device_and_no_extra_right_of_the_host() -> None:
    spec = description.container_spec("b", image="i", port=1, trust_domain="d")
    assert spec.mounts == ()
    assert spec.devices == ()
    argv = run_argv(spec, HostQuirks(), rootless=False)
    assert not [word for word in argv if word.startswith(("--privileged", "--cap-add", "--security-opt"))]


def test_a_pool_is_found_again_from_its_containers_labels() -> None:
    spec = description.container_spec("b", image="i", port=4711, trust_domain="b-1.ospilot")
    assert spec.labels[MANAGED_LABEL] == "pool"
    found = description.info_of({"Labels": dict(spec.labels), "State": "running"})
    assert found == PoolInfo("b", "127.0.0.1:4711", "b-1.ospilot", "ospilot-pool-b")


@pytest.mark.parametrize(
    "container",
    [
        {"Labels": None, "State": "running"},
        {"Labels": {description.POOL_LABEL: "b"}, "State": "running"},
        {
            "Labels": dict(description.container_spec("b", image="i", port=1, trust_domain="d").labels),
            "State": "exited",
        },
    ],
)
def test_what_is_no_running_pool_is_none(container: dict[str, object]) -> None:
    assert description.info_of(container) is None
