"""From a few words to a container, and from a container to podman's command line."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ospilot.errors import ConfigurationError
from ospilot.host.quirks import HostQuirks
from ospilot.launch.pilot import CONTAINER_MARGIN_MB, DEFAULT_GRACE, TOKEN_TARGET, pilot_spec
from ospilot.launch.podman import LIMIT, MANAGED_LABEL, WHY, Podman, explain, run_argv
from ospilot.launch.spec import ContainerSpec, Mount

NORMAL = HostQuirks()
ODD = HostQuirks(hybrid_cgroups=True, no_sys_resource=True, fuse_for_root_only=True, private_ca="/ca.pem")
FORBIDDEN = ("--privileged", "--cap-add", "--pid=host", "--ipc=host", "--userns=host", "--publish")


def spec(
    *,
    name: str = "p",
    cpus: int | None = None,
    memory_mb: int | None = None,
    scratch: str | None = None,
    grace: int | None = None,
    fuse: str | None = "/dev/fuse",
    environment: dict[str, str] | None = None,
) -> ContainerSpec:
    return pilot_spec(
        image="img",
        name=name,
        site="My Site",
        resource="R",
        pool="cm:1",
        token_file="/host/pilot.tkn",  # noqa: S106 - a path, no secret
        cpus=cpus,
        memory_mb=memory_mb,
        scratch=scratch,
        grace=grace,
        fuse=fuse,
        environment=environment,
    )


def values(argv: list[str], option: str) -> list[str]:
    return [word.removeprefix(f"{option}=") for word in argv if word.startswith(f"{option}=")]


SPECS = st.builds(
    spec,
    cpus=st.none() | st.integers(1, 999),
    memory_mb=st.none() | st.integers(1, 10**7),
    scratch=st.none() | st.just("/scratch"),
    grace=st.none() | st.integers(1, 7 * 86400),
    fuse=st.sampled_from([None, "/dev/fuse", "/run/ospilot/fuse"]),
)
QUIRKS = st.builds(
    HostQuirks,
    hybrid_cgroups=st.booleans(),
    no_sys_resource=st.booleans(),
    fuse_for_root_only=st.booleans(),
    private_ca=st.none() | st.just("/ca.pem"),
)


@given(one=SPECS, quirks=QUIRKS, rootless=st.booleans())
def test_no_pilot_ever_gets_a_privilege_or_a_capability(
    one: ContainerSpec, quirks: HostQuirks, *, rootless: bool
) -> None:
    argv = run_argv(one, quirks, rootless=rootless)
    assert not [word for word in argv if word.startswith(FORBIDDEN)]
    assert "--cap-drop=ALL" in argv
    assert "--security-opt=no-new-privileges" in argv
    assert values(argv, "--user") == ["osg"]


@given(one=SPECS, quirks=QUIRKS, rootless=st.booleans())
def test_every_right_and_every_work_around_has_a_reason(
    one: ContainerSpec, quirks: HostQuirks, *, rootless: bool
) -> None:
    argv = run_argv(one, quirks, rootless=rootless)
    explained = dict(explain(argv))
    needs = (
        "--security-opt",
        "--cap-",
        "--device",
        "--network",
        "--user",
        "--userns",
        "--ulimit",
        "--runtime",
    )
    for word in argv:
        if word.startswith(needs):
            assert explained[word]


@given(one=SPECS, quirks=QUIRKS, rootless=st.booleans())
def test_the_command_line_is_a_pure_function_of_its_input(
    one: ContainerSpec, quirks: HostQuirks, *, rootless: bool
) -> None:
    argv = run_argv(one, quirks, rootless=rootless)
    assert argv == run_argv(one, quirks, rootless=rootless)
    assert argv[0] == "podman"
    assert argv[-1] == "img"


def test_the_token_is_a_read_only_mount_and_in_no_variable() -> None:
    made = spec()
    assert made.mounts == (Mount("/host/pilot.tkn", TOKEN_TARGET, read_only=True),)
    assert "TOKEN" not in made.environment
    argv = run_argv(made, NORMAL, rootless=False)
    assert values(argv, "--volume") == [f"/host/pilot.tkn:{TOKEN_TARGET}:ro"]
    assert not [word for word in values(argv, "--env") if word.startswith("TOKEN=")]


@pytest.mark.parametrize("path", ["/host/pilot.tkn", "/no/such/token"])
def test_the_file_of_the_token_is_never_read(path: str) -> None:
    argv = run_argv(
        replace(spec(), mounts=(Mount(path, TOKEN_TARGET, read_only=True),)), NORMAL, rootless=True
    )
    assert f"--volume={path}:{TOKEN_TARGET}:ro" in argv


def test_a_limit_that_is_said_once_goes_to_the_pilot_and_to_the_engine() -> None:
    made = spec(cpus=4, memory_mb=8000, grace=90)
    assert made.environment["NUM_CPUS"] == "4"
    assert made.environment["MEMORY"] == "8000"
    assert made.environment["OSPILOT_STOP_GRACE"] == "90"
    argv = run_argv(made, NORMAL, rootless=False)
    assert values(argv, "--cpus") == ["4"]
    assert values(argv, "--memory") == [f"{8000 + CONTAINER_MARGIN_MB}m"]
    assert values(argv, "--stop-timeout") == ["90"]


def test_a_limit_that_nobody_said_goes_to_neither() -> None:
    made = spec()
    argv = run_argv(made, NORMAL, rootless=False)
    assert not {"NUM_CPUS", "MEMORY"} & set(made.environment)
    assert values(argv, "--cpus") == values(argv, "--memory") == []
    assert made.environment["OSPILOT_STOP_GRACE"] == str(DEFAULT_GRACE)
    assert values(argv, "--stop-timeout") == [str(DEFAULT_GRACE)]


def test_what_a_person_says_reaches_the_pilot_word_for_word() -> None:
    env = values(run_argv(spec(environment={"X": "a b=c"}), NORMAL, rootless=False), "--env")
    assert {"GLIDEIN_Site=My Site", "GLIDEIN_ResourceName=R", "POOL=cm:1", "X=a b=c"} <= set(env)


def test_scratch_is_mounted_writable_where_the_pilot_looks_for_it() -> None:
    argv = run_argv(spec(scratch="/big disk"), NORMAL, rootless=False)
    assert "--volume=/big disk:/pilot" in argv


@pytest.mark.parametrize(
    ("fuse", "devices"),
    [
        (None, []),
        ("/dev/fuse", ["/dev/fuse:/dev/fuse"]),
        ("/run/ospilot/fuse", ["/run/ospilot/fuse:/dev/fuse"]),
    ],
)
def test_the_fuse_device_of_the_host_is_the_pilot_s_dev_fuse(fuse: str | None, devices: list[str]) -> None:
    assert values(run_argv(spec(fuse=fuse), NORMAL, rootless=False), "--device") == devices


@pytest.mark.parametrize("name", ["p", "ospilot-R-1a2b", "A.b_c-9", "0"])
def test_a_name_that_engines_take_is_taken(name: str) -> None:
    argv = run_argv(spec(name=name), NORMAL, rootless=False)
    assert f"--name={name}" in argv


@pytest.mark.parametrize("name", ["", "-x", ".x", "_x", "a b", "a/b", "a\n", "é", "--privileged", "a:b"])
def test_a_name_that_engines_refuse_is_refused_before_they_see_it(name: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        spec(name=name)
    (problem,) = caught.value.problems
    assert (problem.name, problem.value) == ("--name", name)


def test_a_pilot_can_be_found_by_its_label() -> None:
    assert values(run_argv(spec(), NORMAL, rootless=False), "--label") == [f"{MANAGED_LABEL}=pilot"]


def test_nothing_about_a_normal_host_changes() -> None:
    argv = run_argv(spec(), NORMAL, rootless=False)
    assert argv[:2] == ["podman", "run"]
    assert not [word for word in argv if word.startswith(("--runtime", "--ulimit", "--userns"))]


def test_runc_runs_containers_only_on_a_host_with_mixed_cgroups() -> None:
    argv = run_argv(spec(), HostQuirks(hybrid_cgroups=True), rootless=False)
    assert argv[:3] == ["podman", "--runtime=runc", "run"]
    assert values(argv, "--ulimit") == []


def test_limits_are_named_only_where_root_s_engine_may_not_raise_them() -> None:
    quirks = HostQuirks(no_sys_resource=True)
    named = [f"nofile={LIMIT}:{LIMIT}", f"nproc={LIMIT}:{LIMIT}"]
    assert values(run_argv(spec(), quirks, rootless=False), "--ulimit") == named
    assert values(run_argv(spec(), quirks, rootless=True), "--ulimit") == []


def test_without_root_one_s_own_user_is_the_pilot_s_user_inside() -> None:
    argv = run_argv(spec(), NORMAL, rootless=True)
    assert values(argv, "--userns") == ["keep-id:uid=1000,gid=1000"]
    assert values(argv, "--user") == ["osg"]


def test_a_container_of_no_special_kind_gets_no_rights_at_all() -> None:
    argv = run_argv(ContainerSpec(image="i", name="n", command=("a", "b")), NORMAL, rootless=True)
    assert argv == ["podman", "run", "--name=n", "--network=host", "--rm", "i", "a", "b"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"detach": True}, {"--detach"}),
        ({"interactive": True}, {"--interactive", "--tty"}),
        ({"entrypoint": "/bin/sh"}, {"--entrypoint=/bin/sh"}),
        ({"cpus": 0.5}, {"--cpus=0.5"}),
    ],
)
def test_each_wish_of_a_container_is_its_own_words(change: dict[str, object], words: set[str]) -> None:
    plain = ContainerSpec(image="i", name="n")
    wished = replace(plain, **change)  # type: ignore[arg-type]
    added = set(run_argv(wished, NORMAL, rootless=False)) - set(run_argv(plain, NORMAL, rootless=False))
    assert added == words


def test_a_container_that_is_to_be_kept_is_not_removed() -> None:
    kept = ContainerSpec(image="i", name="n", remove=False)
    assert "--rm" not in run_argv(kept, NORMAL, rootless=False)


def test_explaining_names_the_option_as_it_was_given_with_its_reason() -> None:
    argv = ["podman", "run", "--name=x", "--cap-drop=ALL", "--device=/dev/fuse:/dev/fuse", "img"]
    assert explain(argv) == [
        ("--cap-drop=ALL", WHY["--cap-drop=ALL"]),
        ("--device=/dev/fuse:/dev/fuse", WHY["--device"]),
    ]


def test_each_reason_belongs_to_an_option_that_is_really_given() -> None:
    given_anywhere = " ".join(
        word for rootless in (True, False) for word in run_argv(spec(), ODD, rootless=rootless)
    )
    assert not [option for option in WHY if option not in given_anywhere]


def test_podman_s_other_commands_know_the_quirk_too() -> None:
    assert Podman(ODD).argv("ps") == ["podman", "--runtime=runc", "ps"]
    assert Podman(NORMAL).argv("ps") == ["podman", "ps"]
