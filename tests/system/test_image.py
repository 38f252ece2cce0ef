"""The image as a user meets it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from driver import IMAGE, Operator
from ospilot import commands
from ospilot.commands import Finished
from ospilot.host import quirks
from ospilot.launch.podman import Podman
from ospilot.launch.spec import ContainerSpec, Mount

pytestmark = pytest.mark.system

GOOD = {"GLIDEIN_Site": "S", "GLIDEIN_ResourceName": "R", "POOL": "127.0.0.1:9"}
TOKENS = "/etc/condor/tokens-orig.d/flock.opensciencegrid.org"


def run(
    podman: Podman,
    *command: str,
    environment: Mapping[str, str] | None = None,
    mounts: tuple[Mount, ...] = (),
    user: str = "osg",
) -> Finished:
    fuse = quirks.fuse_device(podman.quirks)
    spec = ContainerSpec(
        image=IMAGE,
        name=f"ospilot-test-image-{id(mounts):x}-{len(command)}",
        command=command,
        user=user,
        environment=environment or {},
        mounts=mounts,
        devices=((fuse, "/dev/fuse"),) if fuse else (),
        nested_containers=True,
        drop_capabilities=True,
    )
    return podman.run(spec, check=False)


def test_any_other_command_is_run_instead_of_the_pilot(podman: Podman) -> None:
    done = run(podman, "bash", "-c", "id -un; pwd; exit 7")
    assert (done.stdout.split(), done.returncode) == (["osg", "/pilot"], 7)


def test_nothing_of_the_submit_side_is_in_the_pilots_image(podman: Podman) -> None:
    done = run(podman, "bash", "-c", "ls /usr/bin /usr/sbin /usr/libexec/condor")
    names = set(done.stdout.split())
    assert {"condor_master", "condor_startd", "condor_starter", "condor_ping", "condor_drain"} <= names
    assert not names & {"condor_schedd", "condor_shadow", "condor_submit", "condor_collector", "condor_q"}


def test_htcondors_self_tests_for_apptainer_pass(podman: Podman) -> None:
    done = run(podman, "apptainer", "exec", "-C", "/usr/libexec/condor/exit_37.sif", "/exit_37")
    assert done.returncode == 37, done.stderr
    assert run(podman, "test", "-x", "/usr/libexec/condor/singularity_test_sandbox/exit_37").returncode == 0


def test_the_tools_of_a_worker_node_are_there(podman: Podman) -> None:
    tools = "curl git tar gzip bzip2 xz zstd python3 jq apptainer squashfuse tini"
    done = run(
        podman, "bash", "-c", f"for t in {tools}; do command -v $t >/dev/null || echo missing $t; done"
    )
    assert not done.stdout
    version = run(podman, "bash", "-c", "condor_version; apptainer version").stdout
    assert "CondorVersion: 25." in version
    assert "\n1.4." in version


def test_programs_that_hold_secrets_cannot_be_read_by_jobs(podman: Podman) -> None:
    script = "stat -c '%a %U' /usr/bin/tini /usr/sbin/condor_{master,startd,starter,procd}"
    done = run(podman, "bash", "-c", script)
    assert done.stdout.split() == ["711", "root"] * 5
    setuid = run(podman, "bash", "-c", "find / -xdev -type f -perm /6000 2>/dev/null")
    assert not setuid.stdout


def test_the_labels_say_what_it_is(podman: Podman) -> None:
    labels = podman.image_labels(IMAGE)
    assert labels is not None
    prefix = "org.opencontainers.image."
    for name in ("version", "revision", "created", "base.name"):
        assert labels.get(prefix + name), name


@pytest.mark.parametrize(
    ("changed", "code", "words"),
    [
        ({"GLIDEIN_Site": ""}, 20, ["GLIDEIN_Site: is not set"]),
        ({"GLIDEIN_ResourceName": "", "POOL": ""}, 20, ["GLIDEIN_ResourceName: is", "POOL: is not set"]),
        ({"NUM_CPUS": "abc", "MEMORY": "-5"}, 20, ["NUM_CPUS", "'abc'", "MEMORY", "'-5'"]),
        ({"POOL": "nonsense"}, 20, ["POOL", "'nonsense'"]),
        ({"TOKEN": "garbage"}, 21, ["TOKEN: is not a token"]),
        ({}, 31, ["127.0.0.1:9 does not answer"]),
    ],
)
def test_bad_input_is_answered_with_name_value_fix_and_code(
    podman: Podman, site: Operator, changed: dict[str, str], code: int, words: list[str]
) -> None:
    scratch = site.scratch("scratch")
    mounts = (Mount(str(site.token), TOKENS, read_only=True), Mount(str(scratch), "/pilot"))
    done = run(podman, environment={**GOOD, **changed}, mounts=mounts)
    assert done.returncode == code, done.stderr
    for word in words:
        assert word in done.stderr
    assert "Fix:" in done.stderr
    assert f"exit code {code}" in done.stderr
    assert list(scratch.iterdir()) == []


def test_bad_tokens_are_told_apart(podman: Podman, tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    (tmp_path / "empty").touch()
    (tmp_path / "closed").write_text("x")
    (tmp_path / "closed").chmod(0o600)
    told = {
        name: run(podman, environment=GOOD, mounts=(Mount(str(tmp_path / name), TOKENS, read_only=True),))
        for name in ("directory", "empty", "closed")
    }
    told["none"] = run(podman, environment=GOOD)
    assert {name: done.returncode for name, done in told.items()} == dict.fromkeys(told, 21)
    assert "is a directory, not a token file" in told["directory"].stderr
    assert "is empty" in told["empty"].stderr
    assert "cannot be read by uid 1000" in told["closed"].stderr
    assert "there is none" in told["none"].stderr


def test_root_is_refused_with_the_reason(podman: Podman, site: Operator) -> None:
    mounts = (Mount(str(site.token), TOKENS, read_only=True),)
    done = run(podman, environment=GOOD, mounts=mounts, user="root")
    assert done.returncode == 22
    assert "never runs as root" in done.stderr


def test_without_user_namespaces_strangers_jobs_are_refused(podman: Podman, site: Operator) -> None:
    words = podman.argv("run", "--rm", "--user=osg", "--network=host", "--ulimit=nofile=20000:20000")
    words += ["--ulimit=nproc=20000:20000", "--cap-drop=ALL", f"--volume={site.token}:{TOKENS}:ro"]
    # A filter that refuses unshare, as engines without nested containers have it.
    profile = site.folder / "seccomp.json"
    refused = [{"names": ["unshare", "clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1}]
    profile.write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": refused}))
    words += [f"--security-opt=seccomp={profile}", *(f"--env={k}={v}" for k, v in GOOD.items()), IMAGE]
    done = commands.run(words, check=False)
    assert done.returncode == 22
    assert "jobs could read the pilot's token" in done.stderr
    assert "--security-opt seccomp=unconfined" in done.stderr


def test_dry_run_prints_plan_and_config_and_starts_nothing(podman: Podman, site: Operator) -> None:
    scratch = site.scratch("scratch")
    mounts = (Mount(str(site.token), TOKENS, read_only=True), Mount(str(scratch), "/pilot"))
    environment = {**GOOD, "GLIDEIN_Site": 'A "quoted" $(SITE)', "NUM_CPUS": "3"}
    done = run(podman, "pilot", "--dry-run", environment=environment, mounts=mounts)
    assert done.returncode == 0, done.stderr
    assert "NUM_CPUS = 3" in done.stdout
    assert r'GLIDEIN_Site = "A \"quoted\" $(DOLLAR)(SITE)"' in done.stdout
    assert site.token.read_text().strip() not in done.stdout
    assert list(scratch.iterdir()) == []
    as_json = run(podman, "pilot", "--dry-run", "--json", environment=environment, mounts=mounts)
    assert {"decisions", "condor_config"} <= set(json.loads(as_json.stdout))


def test_every_transfer_plugin_answers_and_the_kept_answers_are_the_plugins_own(podman: Podman) -> None:
    script = """
    for p in box_plugin gdrive_plugin onedrive_plugin; do
        diff <(/usr/lib/ospilot/plugins/$p -classad) <(/usr/libexec/condor/$p.py -classad) || echo "$p differs"
    done
    /usr/lib/ospilot/plugins/box_plugin -nonsense > /dev/null 2>&1; echo "passed on: $?"
    condor_config_val FILETRANSFER_PLUGINS
    """
    done = run(podman, "bash", "-c", script)
    assert "differs" not in done.stdout
    assert "passed on: 0" not in done.stdout, "other arguments reach the plugin itself"
    assert done.stdout.count("plugin") >= 6
