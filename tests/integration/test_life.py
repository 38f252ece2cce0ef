"""The life of a real pilot: start, stop, idleness, and the death of its parts."""

from __future__ import annotations

import os

import pytest

from driver import Operator, Pilot, wait_for
from ospilot import commands
from ospilot.pool import Job, JobStatus

pytestmark = pytest.mark.integration

PATIENT = "#!/bin/sh\nsleep 600\n"


def _running(site: Operator, clusters: list[int]) -> Job:
    def look() -> Job | None:
        [job] = site.pool.jobs(clusters)
        return job if job.status is JobStatus.RUNNING else None

    return wait_for("the job runs", look)


def _gone_from_pool(site: Operator, pilot: Pilot) -> None:
    unique = pilot.ad_name().split("@")[1]
    wait_for(
        "its ads are withdrawn", lambda: not any(unique in name for name in site.slot_names()), seconds=5
    )


def test_an_idle_pilot_stops_with_0_and_leaves_nothing(site: Operator) -> None:
    pilot = site.start().accepting()
    assert pilot.ad_name() in site.slot_names()
    pilot.signal("TERM")
    assert pilot.wait(10) == 0
    _gone_from_pool(site, pilot)
    assert pilot.directories() == []
    assert "a stop was asked for; 0 jobs ran here; exit code 0" in pilot.log()


def test_detailed_exit_codes_tell_a_drained_pilot_from_an_idle_one(site: Operator) -> None:
    drained = site.start(environment={"OSPILOT_EXIT_CODES": "detailed"}).accepting()
    idle = site.start(environment={"OSPILOT_EXIT_CODES": "detailed", "ACCEPT_IDLE_MINUTES": "0.1"})
    drained.signal("TERM")
    assert drained.wait(10) == 40
    assert idle.wait(30) == 10
    assert "no job came for the idle time" in idle.log()


def test_a_job_that_fits_into_the_grace_ends_well(site: Operator) -> None:
    pilot = site.start(grace=30).accepting()
    clusters = site.submit_script("#!/bin/sh\nsleep 8\necho done\n")
    _running(site, clusters)
    pilot.signal("TERM")
    [job] = site.ended(clusters)
    assert (job.exit_code, job.starts) == (0, 1)
    assert pilot.wait(30) == 0


def test_a_job_that_does_not_fit_is_back_in_the_queue_when_the_pilot_is_gone(site: Operator) -> None:
    pilot = site.start(grace=10).accepting()
    clusters = site.submit_script(PATIENT)
    _running(site, clusters)
    pilot.signal("TERM")
    wait_for(
        "RETIRING in the collector",
        lambda: any(slot.attributes.get("OSPilotState") == "RETIRING" for slot in site.pool.slots()),
        seconds=5,
    )
    assert pilot.wait(20) == 0
    wait_for(
        "the job is idle again", lambda: site.pool.jobs(clusters)[0].status is JobStatus.IDLE, seconds=10
    )
    _gone_from_pool(site, pilot)
    assert pilot.directories() == []


def test_a_second_stop_request_vacates_at_once(site: Operator) -> None:
    pilot = site.start(grace=300).accepting()
    clusters = site.submit_script(PATIENT)
    _running(site, clusters)
    pilot.signal("TERM")
    wait_for("the first step is told", lambda: "first stop request" in pilot.log())
    pilot.signal("TERM")
    assert pilot.wait(30) == 0
    assert "second stop request" in pilot.log()
    wait_for(
        "the job is idle again", lambda: site.pool.jobs(clusters)[0].status is JobStatus.IDLE, seconds=10
    )


def test_the_death_of_condor_master_ends_the_pilot_with_30_and_its_reason(site: Operator) -> None:
    pilot = site.start().accepting()
    clusters = site.submit_script(PATIENT)
    _running(site, clusters)
    pilot.exec("sh", "-c", "kill -9 $(pidof condor_master)")
    assert pilot.wait(30) == 30
    assert "condor_master was killed by signal 9" in pilot.log()
    _gone_from_pool(site, pilot)
    assert pilot.directories() == []
    wait_for(
        "the job is idle again", lambda: site.pool.jobs(clusters)[0].status is JobStatus.IDLE, seconds=30
    )


def test_when_the_resident_process_is_killed_nothing_runs_on_and_the_next_pilot_cleans_up(
    site: Operator,
) -> None:
    killed = site.start().accepting()
    killed.exec("sh", "-c", "kill -9 $(pgrep -f resident/__main__)")
    assert killed.wait(20) == 137
    assert len(killed.directories()) == 1
    heir = site.start(scratch=killed.scratch).accepting()
    assert "left by a pilot that was killed" in heir.log()
    assert len(heir.directories()) == 1
    site.podman.stop(heir.name)
    assert heir.directories() == []


def test_a_startd_that_is_killed_comes_back_with_the_pilots_attributes(site: Operator) -> None:
    pilot = site.start(environment={"_CONDOR_MASTER_BACKOFF_CONSTANT": "1"}).accepting()
    pilot.exec("sh", "-c", "kill -9 $(pidof condor_startd)")
    wait_for("the startd starts again", lambda: pilot.log().count("** condor_startd") != 1, seconds=30)
    [job] = site.ended(site.submit_script("#!/bin/sh\necho back\n"), seconds=60)
    assert job.exit_code == 0


def test_the_token_given_as_variable_is_in_no_environment_of_the_pilots_processes(site: Operator) -> None:
    secret = site.token.read_text().strip()
    pilot = site.start(environment={"TOKEN": secret}).accepting()
    environments = pilot.from_outside("environ")
    lean = {
        command: text for command, text in environments.items() if not command.startswith("/usr/bin/tini")
    }
    assert len(lean) > 4, "resident, master, procd, shared_port, startd"
    assert all(b"PILOT_CONFIG_FILE" in text for text in lean.values()), "the test reads environments"
    everything = b"".join([*lean.values(), *pilot.from_outside("cmdline").values()])
    assert secret.encode() not in everything
    assert secret not in pilot.log()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_stop_on_a_full_disk_loses_no_job_and_leaves_nothing(site: Operator) -> None:
    small = site.scratch("small")
    commands.run(["mount", "-t", "tmpfs", "-o", "size=16m,mode=1777", "tmpfs", str(small)])
    try:
        pilot = site.start(grace=15, scratch=small).accepting()
        clusters = site.submit_script(PATIENT, lines="request_disk = 100")
        _running(site, clusters)
        commands.run(["dd", "if=/dev/zero", f"of={small}/fill", "bs=64k"], check=False)
        pilot.signal("TERM")
        assert pilot.wait(30) == 0
        assert "Traceback" not in pilot.log()
        assert pilot.directories() == ["fill"]
        _gone_from_pool(site, pilot)
        wait_for("the job is idle", lambda: site.pool.jobs(clusters)[0].status is JobStatus.IDLE, seconds=10)
    finally:
        site.clear()
        commands.run(["umount", str(small)])
