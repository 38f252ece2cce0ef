from __future__ import annotations

import struct

import pytest

from ospilot.build import sif

DESCRIPTORS = 2
OFFSET = 128


def sif_file(*, identity: bytes, moment: int, used: tuple[bool, ...] = (True, False)) -> bytes:
    header = (
        b"#!/usr/bin/env run-singularity\n\0".ljust(32, b"\0") + b"SIF_MAGIC\0" + b"01\0" + b"02\0" + identity
    )
    header += struct.pack("<qqqqqqqq", moment, moment, 0, DESCRIPTORS, OFFSET, 0, 0, 0)
    descriptors = b"".join(
        struct.pack("<i?IIIqqqqqqq", 4, is_used, 1, 1, 0, 4096, 10, 10, moment, moment, 0, 0).ljust(585, b"n")
        for is_used in used
    )
    return header.ljust(OFFSET, b"\0") + descriptors + b"data"


def test_two_files_that_differ_in_id_and_time_become_one() -> None:
    first = sif_file(identity=b"a" * 16, moment=1_700_000_000, used=(True, True))
    second = sif_file(identity=b"b" * 16, moment=1_800_000_000, used=(True, True))
    assert first != second
    assert sif.normalised(first) == sif.normalised(second)


def test_everything_but_id_and_times_stays() -> None:
    image = sif_file(identity=b"a" * 16, moment=1_700_000_000)
    expected = sif_file(identity=bytes(16), moment=5, used=(True, False))
    changed = sif.normalised(image, time=5)
    unused_at = OFFSET + sif.DESCRIPTOR_SIZE
    assert changed[:unused_at] == expected[:unused_at]
    assert changed[unused_at:] == image[unused_at:]


def test_another_kind_of_file_is_refused() -> None:
    with pytest.raises(ValueError, match="not a SIF file"):
        sif.normalised(b"hsqs" * 100)
