from __future__ import annotations

from ospilot.demo import jobs


def test_there_are_twelve_jobs_of_three_kinds_and_one_fails_on_purpose() -> None:
    expected = jobs.expected_codes()
    assert len(expected) == 12
    assert len(jobs.KINDS) == 3
    assert [code for code in expected.values() if code] == [3]


def test_every_job_is_described_by_the_name_that_the_verdict_looks_for() -> None:
    for kind in jobs.KINDS:
        text = kind.submit_text()
        assert f"description = {kind.name}-$(number)\n" in text
        for number, code in enumerate(kind.exit_codes, start=1):
            assert f"\n  {number} {code}\n" in text


def test_image_jobs_are_container_jobs_and_plain_ones_are_not() -> None:
    texts = {kind.name: kind.submit_text() for kind in jobs.KINDS}
    assert "container" not in texts["plain"]
    assert "universe = container\ncontainer_image = box.sif\n" in texts["sif"]
    assert "universe = container\ncontainer_image = box\n" in texts["sandbox"]


def test_the_files_hold_one_submit_file_per_kind_and_the_script() -> None:
    files = jobs.files()
    assert set(files) == {"hello.sh", "plain.sub", "sif.sub", "sandbox.sub"}
    assert files["hello.sh"].startswith(b"#!/bin/sh\n")


def test_the_images_come_from_no_registry() -> None:
    script = jobs.images_script()
    assert "://" not in script
    assert "box.sif" in script
