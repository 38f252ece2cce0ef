"""The two sides are equal in all but what runs."""

from __future__ import annotations

from pathlib import Path

from bench.sides import CONFIG, CPUS, FOLDER, MEMORY_MB, Pool, Side, bare_config, spec

from ospilot.launch.spec import ContainerSpec

ENTRYPOINT = ("/usr/bin/tini", "--", "/usr/lib/ospilot/entrypoint", "pilot")


def side(which: Side) -> ContainerSpec:
    return spec(
        which,
        image="image",
        entrypoint=ENTRYPOINT,
        name=f"ospilot-bench-{which.value}",
        pool=Pool("127.0.0.1:9618", "/tmp/token"),
        folder=Path("/tmp/folder"),
        fuse="/dev/fuse",
    )


def values(config: str) -> dict[str, str]:
    return dict(line.split(" = ", 1) for line in config.splitlines())


def test_both_sides_get_the_same_image_rights_mounts_and_limits() -> None:
    ours, bare = side(Side.OURS), side(Side.BARE)

    for name in (
        "image", "user", "mounts", "devices", "nested_containers", "drop_capabilities", "labels", "cpus",
        "memory_mb", "entrypoint",
    ):  # fmt: skip
        assert getattr(ours, name) == getattr(bare, name), name


def test_our_side_becomes_what_the_image_runs_by_default() -> None:
    assert side(Side.OURS).command[-len(ENTRYPOINT) :] == ENTRYPOINT


def test_the_bare_side_is_condor_master_in_the_foreground_under_a_static_config() -> None:
    bare = side(Side.BARE)

    assert bare.command[-2:] == ("condor_master", "-f")
    assert bare.environment["CONDOR_CONFIG"] == f"{FOLDER}/{CONFIG}"


def test_htcondors_own_benchmark_is_off_on_both_sides() -> None:
    for which in Side:
        assert side(which).environment["_CONDOR_RunBenchmarks"] == "false"


def test_both_sides_offer_jobs_the_same() -> None:
    ours = side(Side.OURS).environment
    bare = values(bare_config(name="bare-1", address="127.0.0.1:9618"))

    assert ours["NUM_CPUS"] == bare["NUM_CPUS"] == str(CPUS)
    assert ours["MEMORY"] == bare["MEMORY"] == str(MEMORY_MB)
    assert ours["POOL"] == bare["CONDOR_HOST"]
    assert (bare["START"], bare["SLOT_TYPE_1_PARTITIONABLE"]) == ("True", "True")


def test_the_bare_side_shares_no_files_with_the_pool() -> None:
    assert values(bare_config(name="bare-1", address="p:1"))["FILESYSTEM_DOMAIN"] == "bare-1"
