"""The plan of a pilot: every decision, made without touching anything."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ospilot.errors import ConfigurationError, ExitCode
from ospilot.host.facts import Figure, HostFacts, Isolation
from ospilot.pilot.plan import DAEMONS_MEMORY_MB, PilotPlan, make, problems
from ospilot.resident.plan import ResidentPlan
from ospilot.settings.model import Settings, from_environment
from ospilot.tokens.judge import Token

LEAST = {"GLIDEIN_Site": "S", "GLIDEIN_ResourceName": "R", "POOL": "cm.example.org"}
FACTS = HostFacts(
    uid=1000,
    user="osg",
    hostname="node7.example.org",
    cpus=Figure(6, "cgroup quota of 6 CPUs"),
    memory_mb=Figure(4096, "cgroup limit"),
    disk_free_mb=5000,
    isolation=Isolation.FULL,
    isolation_detail="user, mount and PID namespaces work",
    fuse=True,
)
HIDDEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwIn0.the-signature-nobody-may-see"
TOKEN = Token("flock.opensciencegrid.org", HIDDEN, "cm.example.org", "pilot@cm", (), None)
UNIQUE = "0a1b2c3d4e"


def settings(**environ: str) -> Settings:
    return from_environment({**LEAST, **environ})


def plan(
    facts: HostFacts = FACTS, environ: Mapping[str, str] | None = None, **given_environ: str
) -> PilotPlan:
    return make(settings(**given_environ), facts, (TOKEN,), unique=UNIQUE, environ=environ or {})


def config(made: PilotPlan) -> dict[str, str]:
    """Return the plan's configuration by name; fail for a line that is not one assignment."""
    found = {}
    for line in made.condor_config.splitlines():
        name, equals, value = line.partition(" = ")
        assert equals, line
        assert re.fullmatch(r"[A-Za-z_]+", name), line
        assert name not in found
        found[name] = value
    return found


def decision(made: PilotPlan, what: str) -> tuple[str, str]:
    (found,) = [one for one in made.decisions if one.what == what]
    return found.value, found.why


def test_the_same_input_gives_the_same_plan() -> None:
    assert plan() == plan()
    assert plan().resident.to_json() == plan().resident.to_json()


def test_making_a_plan_leaves_the_environment_it_was_given_alone() -> None:
    environ = {"PATH": "/bin", "TOKEN": HIDDEN}
    plan(environ=environ)
    assert environ == {"PATH": "/bin", "TOKEN": HIDDEN}


def test_two_pilots_of_one_host_share_no_name_and_no_directory() -> None:
    one = make(settings(), FACTS, (TOKEN,), unique="aaaa", environ={})
    two = make(settings(), FACTS, (TOKEN,), unique="bbbb", environ={})
    assert one.directory != two.directory
    assert one.resident.pilot != two.resident.pilot
    assert one.resident.slot != two.resident.slot
    assert config(one)["FILESYSTEM_DOMAIN"] != config(two)["FILESYSTEM_DOMAIN"]


def test_the_text_of_the_token_is_in_nothing_that_is_printed_or_handed_on() -> None:
    made = plan(environ={"TOKEN": HIDDEN, "PATH": "/bin"}, TOKEN=HIDDEN)
    for shown in (made.condor_config, made.resident.to_json(), repr(made.decisions), repr(made)):
        assert HIDDEN not in shown
        assert HIDDEN.rpartition(".")[2] not in shown


def test_the_tokens_travel_with_the_plan() -> None:
    assert plan().tokens == (TOKEN,)
    assert decision(plan(), "token") == ("pilot@cm (from cm.example.org)", "for this pool's collector")


@pytest.mark.parametrize(
    "pool", ["localhost", "localhost:4000", "127.0.0.1", "127.0.0.1:4000", "127.9.9.9:1"]
)
def test_a_pool_on_loopback_is_joined_on_loopback(pool: str) -> None:
    found = config(plan(POOL=pool))
    assert found["NETWORK_INTERFACE"] == "127.0.0.1"
    assert found["BIND_ALL_INTERFACES"] == "False"


@pytest.mark.parametrize("pool", ["cm.example.org", "192.0.2.1:9618", "10.127.0.1", "localhost.example.org"])
def test_any_other_pool_is_joined_on_every_interface(pool: str) -> None:
    found = config(plan(POOL=pool))
    assert "NETWORK_INTERFACE" not in found
    assert "BIND_ALL_INTERFACES" not in found


def test_the_pool_goes_to_htcondor_and_to_the_resident_process_alike() -> None:
    made = plan(POOL="cm.example.org")
    assert config(made)["CONDOR_HOST"] == made.resident.pool == "cm.example.org:9618"


@pytest.mark.parametrize(
    ("allowed", "wanted", "contained", "published", "pid_namespaces"),
    [
        (Isolation.FULL, "auto", "True", '"full"', None),
        (Isolation.FULL, "required", "True", '"full"', None),
        (Isolation.FULL, "none", "False", '"none"', None),
        (Isolation.PARTIAL, "auto", "True", '"partial"', "False"),
        (Isolation.PARTIAL, "none", "False", '"none"', None),
        (Isolation.NONE, "none", "False", '"none"', None),
    ],
)
def test_the_wall_is_as_high_as_the_host_allows_unless_none_is_wanted(
    allowed: Isolation, wanted: str, contained: str, published: str, pid_namespaces: str | None
) -> None:
    made = plan(replace(FACTS, isolation=allowed), OSPILOT_ISOLATION=wanted)
    found = config(made)
    assert found["OSPILOT_CONTAINED"] == contained
    assert found["OSPilotIsolation"] == published
    assert found.get("SINGULARITY_USE_PID_NAMESPACES") == pid_namespaces
    assert decision(made, "isolation")[0] == published.strip('"')


def test_cpus_and_memory_that_were_said_win_over_what_was_found() -> None:
    made = plan(NUM_CPUS="3", MEMORY="1000")
    assert (config(made)["NUM_CPUS"], config(made)["MEMORY"]) == ("3", "1000")
    assert decision(made, "CPUs") == ("3", "NUM_CPUS")
    assert decision(made, "memory") == ("1000 MB", "MEMORY")


def test_more_than_was_found_may_be_said() -> None:
    made = plan(NUM_CPUS="64", MEMORY="99999")
    assert (config(made)["NUM_CPUS"], config(made)["MEMORY"]) == ("64", "99999")


def test_otherwise_what_was_found_is_offered_less_the_share_of_the_daemons() -> None:
    made = plan()
    assert config(made)["NUM_CPUS"] == "6"
    assert config(made)["MEMORY"] == str(4096 - DAEMONS_MEMORY_MB)
    assert decision(made, "CPUs")[1] == "cgroup quota of 6 CPUs"
    assert decision(made, "memory")[1].startswith("cgroup limit, less")


@pytest.mark.parametrize("found", [0, 1, DAEMONS_MEMORY_MB])
def test_a_tiny_machine_still_offers_some_memory(found: int) -> None:
    assert config(plan(replace(FACTS, memory_mb=Figure(found, "x"))))["MEMORY"] == "1"


def test_the_machine_is_named_after_resource_and_host() -> None:
    made = plan(GLIDEIN_ResourceName="My Cluster")
    assert config(made)["NETWORK_HOSTNAME"] == "My-Cluster.node7.example.org"
    assert made.resident.slot == f"slot1@ospilot-{UNIQUE}@My-Cluster.node7.example.org"
    assert decision(made, "name")[0] == made.resident.slot


def test_a_random_name_puts_the_random_part_between_resource_and_host() -> None:
    made = plan(GLIDEIN_RANDOMIZE_NAME="yes")
    assert config(made)["NETWORK_HOSTNAME"] == f"R.{UNIQUE}.node7.example.org"


def test_only_paths_languages_proxies_and_htcondor_settings_are_handed_on() -> None:
    kept = {
        "PATH": "/opt/bin:/bin",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "https_proxy": "http://proxy:3128",
        "SSL_CERT_FILE": "/etc/ca.pem",
        "_CONDOR_MAX_STARTD_LOG": "1",
    }
    dropped = {
        "TOKEN": HIDDEN,
        "GLIDEIN_Site": "S",
        "POOL": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "LD_PRELOAD": "/x.so",
        "PYTHONPATH": "/x",
        "CONDOR_CONFIG": "/x",
        "condor_x": "y",
        "HOME": "/root",
        "PILOT_CONFIG_FILE": "/x",
    }
    made = plan(environ={**kept, **dropped})
    own = {"HOME": made.directory, "PILOT_CONFIG_FILE": f"{made.directory}/condor_config.pilot"}
    assert made.resident.environment == {**kept, **own}


@given(environ=st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=20)))
def test_of_any_environment_nothing_unknown_is_handed_on(environ: dict[str, str]) -> None:
    names = set(plan(environ=environ).resident.environment)
    allowed = {"HOME", "PILOT_CONFIG_FILE", "PATH", "LANG", "TZ", "http_proxy", "https_proxy", "no_proxy"}
    allowed |= {"SSL_CERT_FILE", "SSL_CERT_DIR"}
    assert all(name in allowed or name.startswith("_CONDOR_") for name in names)
    assert {"PATH", "HOME", "PILOT_CONFIG_FILE"} <= names


HOSTILE = st.text(
    st.sampled_from("\"\\$();={}'#@ axN") | st.characters(exclude_categories=["Cc", "Cs"]),
    min_size=1,
    max_size=40,
)


def read_back(value: str) -> str:
    """Read a configuration value that is one ClassAd string literal, as HTCondor does."""
    assert "$" not in value.replace("$(DOLLAR)", "")
    literal = value.replace("$(DOLLAR)", "$")
    assert re.fullmatch(r'"(?:[^"\\]|\\["\\])*"', literal)
    return re.sub(r"\\(.)", r"\1", literal[1:-1])


@given(site=HOSTILE, resource=HOSTILE)
@example(site='a"; START = True #', resource="$(TOKEN)$$(x)")
@example(site="$ENV(HOME)", resource='\\"\\')
def test_hostile_names_of_site_and_resource_read_back_as_they_were_said(site: str, resource: str) -> None:
    try:
        said = settings(GLIDEIN_Site=site, GLIDEIN_ResourceName=resource)
    except ConfigurationError:
        return
    made = make(said, FACTS, (TOKEN,), unique=UNIQUE, environ={})
    lines = made.condor_config.split("\n")
    values = dict(line.split(" = ", 1) for line in lines[:-1])
    assert lines[-1] == ""
    assert set(values) == set(config(plan()))
    assert read_back(values["GLIDEIN_Site"]) == said.site
    assert read_back(values["GLIDEIN_ResourceName"]) == said.resource
    assert re.fullmatch(r"slot1@ospilot-[0-9a-f]+@[A-Za-z0-9.-]+", made.resident.slot)
    assert re.fullmatch(r"[A-Za-z0-9.-]+", values["NETWORK_HOSTNAME"])


@given(hostname=st.text(max_size=80))
def test_any_host_name_of_the_machine_gives_a_usable_slot_name(hostname: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9@.-]+", plan(replace(FACTS, hostname=hostname)).resident.slot)


@pytest.mark.parametrize(("scratch", "parent"), [("/pilot", "/pilot"), ("/pilot/", "/pilot"), ("/", "")])
def test_the_directory_lies_right_under_scratch(scratch: str, parent: str) -> None:
    made = plan(OSPILOT_SCRATCH=scratch)
    assert made.directory == f"{parent}/osgvo-pilot-{UNIQUE}"
    assert config(made)["LOCAL_DIR"] == made.directory


@pytest.mark.parametrize(
    ("pool", "loopback"), [("LOCALHOST:1", True), ("127.0.0.2:1", True), ("127.evil.org:1", False)]
)
def test_only_this_machines_own_addresses_count_as_loopback(pool: str, loopback: bool) -> None:  # noqa: FBT001
    assert ("NETWORK_INTERFACE" in config(plan(POOL=pool))) is loopback


def test_times_are_seconds_and_htcondor_waits_longer_than_the_pilot() -> None:
    made = plan(ACCEPT_IDLE_MINUTES="2.5", OSPILOT_STOP_GRACE="90")
    assert (made.resident.idle_seconds, made.resident.stop_grace) == (150, 90)
    assert int(config(made)["STARTD_NOCLAIM_SHUTDOWN"]) > 150
    assert config(made)["SHUTDOWN_GRACEFUL_TIMEOUT"] == "90"


@pytest.mark.parametrize(("said", "detailed"), [("plain", False), ("detailed", True)])
def test_the_choice_of_exit_codes_reaches_the_resident_process(said: str, *, detailed: bool) -> None:
    assert plan(OSPILOT_EXIT_CODES=said).resident.detailed_exit_codes is detailed


def test_every_published_attribute_has_a_value() -> None:
    found = config(plan())
    first, *names = found["STARTD_ATTRS"].split()
    assert first == "$(STARTD_ATTRS)"
    assert set(names) <= set(found)
    assert {"GLIDEIN_Site", "GLIDEIN_ResourceName", "OSPilotIsolation"} <= set(names)


def test_only_the_pilot_s_own_user_administers_it() -> None:
    assert config(plan(replace(FACTS, user="4711")))["ALLOW_ADMINISTRATOR"] == "4711@$(UID_DOMAIN)"


def test_a_missing_fuse_device_is_decided_with_the_way_out() -> None:
    assert decision(plan(), "SIF images")[0] == "yes"
    value, why = decision(plan(replace(FACTS, fuse=False)), "SIF images")
    assert value == "no"
    assert "--device /dev/fuse" in why


def test_the_resident_plan_survives_its_way_through_json() -> None:
    made = plan(environ={"LANG": "é"}).resident.but(lock=7)
    assert ResidentPlan.from_json(made.to_json()) == made
    assert json.loads(made.to_json())["lock"] == 7


def test_an_ordinary_user_with_namespaces_has_no_problem() -> None:
    assert problems(settings(), FACTS) == []
    assert problems(settings(OSPILOT_ISOLATION="required"), FACTS) == []


def test_root_is_refused_with_the_way_out() -> None:
    (found,) = problems(settings(OSPILOT_ISOLATION="none"), replace(FACTS, uid=0))
    assert found.exit_code is ExitCode.PRIVILEGE
    assert "--user osg" in found.fix


@pytest.mark.parametrize("wanted", ["auto", "required"])
def test_without_namespaces_the_pilot_refuses_and_says_what_the_kernel_said(wanted: str) -> None:
    facts = replace(FACTS, isolation=Isolation.NONE, isolation_detail="no user namespaces (EPERM)")
    (found,) = problems(settings(OSPILOT_ISOLATION=wanted), facts)
    assert found.exit_code is ExitCode.PRIVILEGE
    assert "EPERM" in found.reason
    assert "OSPILOT_ISOLATION=none" in found.fix
    assert "seccomp=unconfined" in found.fix


def test_without_namespaces_the_pilot_starts_only_if_told_to_do_without() -> None:
    assert problems(settings(OSPILOT_ISOLATION="none"), replace(FACTS, isolation=Isolation.NONE)) == []


def test_a_partial_wall_is_a_problem_only_where_the_full_one_is_required() -> None:
    facts = replace(FACTS, isolation=Isolation.PARTIAL, isolation_detail="no PID namespace (EINVAL)")
    assert problems(settings(), facts) == []
    assert problems(settings(OSPILOT_ISOLATION="none"), facts) == []
    (found,) = problems(settings(OSPILOT_ISOLATION="required"), facts)
    assert (found.name, found.exit_code) == ("OSPILOT_ISOLATION", ExitCode.PRIVILEGE)
    assert "EINVAL" in found.reason
    assert "unmask=ALL" in found.fix
