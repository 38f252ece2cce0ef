"""Real jobs on a real pilot: three kinds, their results, and the wall around them."""

from __future__ import annotations

import pytest

from driver import Operator, wait_for
from ospilot.demo import jobs as demo_jobs
from ospilot.pool import JobStatus

pytestmark = pytest.mark.integration

LOOK_AROUND = """#!/bin/sh
echo "host $(cat /proc/sys/kernel/hostname)"
echo "processes $(ls /proc | grep -c '^[0-9]')"
cat /etc/condor/tokens-orig.d/* 2>&1
find / -xdev -name 'flock.opensciencegrid.org' 2>/dev/null
cat /pilot/*/tokens.d/* 2>&1
ls /etc/condor /pilot/*/log 2>&1
cat /proc/1/environ | tr '\\0' '\\n'
env
"""


def test_all_three_kinds_of_job_run_and_bring_their_own_exit_code(site: Operator) -> None:
    site.start()
    folder = site.pool.stage(demo_jobs.files(), prepare=demo_jobs.images_script())
    clusters = [c for kind in demo_jobs.KINDS for c in site.pool.submit_in(folder, kind.submit_file)]
    jobs = site.ended(clusters, seconds=120)
    assert len(jobs) == 12
    assert sorted(job.exit_code for job in jobs if job.exit_code is not None) == [0] * 11 + [3]
    assert {job.starts for job in jobs} == {1}


def test_a_plain_job_sees_neither_the_token_nor_the_pilots_files_or_processes(site: Operator) -> None:
    pilot = site.start().accepting()
    [job] = site.ended(site.submit_script(LOOK_AROUND))
    seen = site.pool.output(job)
    assert job.exit_code == 0
    secret = site.token.read_text().strip()
    assert secret not in seen
    assert "eyJ" not in seen
    assert "flock.opensciencegrid.org\n" not in seen
    assert "GLIDEIN_Site" not in seen
    processes = int(next(line for line in seen.splitlines() if line.startswith("processes")).split()[1])
    assert processes < 12, "a job sees its own processes only"
    assert pilot.exec("true").returncode == 0


def test_a_job_whose_image_is_broken_does_not_take_the_pilot_from_others(site: Operator) -> None:
    pilot = site.start().accepting()
    broken = site.submit_script(
        "#!/bin/sh\necho never\n",
        lines="universe = container\ncontainer_image = broken.sif",
        files={"broken.sif": b"this is no image at all\n" * 100},
    )
    good = site.submit_script("#!/bin/sh\necho fine\n")
    [job] = site.ended(good)
    assert job.exit_code == 0
    [stuck] = site.pool.jobs(broken)
    assert stuck.status is not JobStatus.COMPLETED
    assert pilot.podman.running(pilot.name)


def test_joining_adds_no_attribute_to_the_autoclusters_of_the_pool(site: Operator) -> None:
    site.start().accepting()
    clusters = site.submit_script("#!/bin/sh\nsleep 3\n")
    site.ended(clusters)
    after = site.submit_script("#!/bin/sh\nsleep 1\n")

    def significant() -> str | None:
        done = site.pool.exec("condor_q", "-all", "-af", "AutoClusterAttrs")
        return done.stdout.strip().splitlines()[0] if done.stdout.strip() not in {"", "undefined"} else None

    names = {name.strip().lower() for name in wait_for("AutoClusterAttrs", significant).split(",")}
    ours = {"osg_node_validated", "ospilotstate", "ospilotreason", "ospilotvacateat", "jobstart"}
    assert not names & ours
    site.ended(after)


def test_two_pilots_share_one_scratch_directory(site: Operator) -> None:
    shared = site.scratch("shared")
    one = site.start(scratch=shared, resource="Same")
    two = site.start(scratch=shared, resource="Same")
    one.accepting()
    two.accepting()
    assert {one.ad_name(), two.ad_name()} <= set(site.slot_names())
    clusters = [
        c for _ in range(4) for c in site.submit_script("#!/bin/sh\nsleep 4\n", lines="request_cpus = 1")
    ]
    jobs = site.ended(clusters)
    assert {job.exit_code for job in jobs} == {0}
    machines = {str(job.host).split("@", 1)[1] for job in jobs}
    assert len(machines) == 2, "both pilots ran jobs"
    site.podman.stop(one.name)
    assert len(two.directories()) == 1, "each pilot removes its own directory only"
    site.podman.stop(two.name)
    assert two.directories() == []
