"""Make a SIF file reproducible: fixed times and a fixed id where Apptainer writes the moment and chance.

Also run as a script inside the image's build, where only the standard library is at hand.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path

MAGIC = b"SIF_MAGIC"
MAGIC_AT = 32
ID_AT, ID_SIZE = 48, 16
HEADER_TIMES_AT = 64
"""Two 64-bit times, created and modified; the header's id of 16 bytes stands before them."""

COUNT_AT = 88
"""Where the header tells how many descriptors there are; their place and length follow."""

DESCRIPTOR_SIZE = 585
DESCRIPTOR_USED_AT = 4
DESCRIPTOR_TIMES_AT = 41


def normalised(image: bytes, *, time: int = 0) -> bytes:
    """Given a SIF file, return it with an id of zeros and every time set to ``time`` (Unix seconds).

    Raise ValueError if it is not a SIF file.
    """
    if image[MAGIC_AT : MAGIC_AT + len(MAGIC)] != MAGIC:
        raise ValueError("not a SIF file")
    result = bytearray(image)
    times = struct.pack("<qq", time, time)
    result[ID_AT : ID_AT + ID_SIZE] = bytes(ID_SIZE)
    result[HEADER_TIMES_AT : HEADER_TIMES_AT + len(times)] = times
    count, offset = struct.unpack_from("<qq", image, COUNT_AT)
    for start in range(offset, offset + count * DESCRIPTOR_SIZE, DESCRIPTOR_SIZE):
        if image[start + DESCRIPTOR_USED_AT]:
            at = start + DESCRIPTOR_TIMES_AT
            result[at : at + len(times)] = times
    return bytes(result)


def main(arguments: list[str]) -> None:
    """Normalise the files named."""
    for name in arguments:
        path = Path(name)
        path.write_bytes(normalised(path.read_bytes()))


if __name__ == "__main__":
    main(sys.argv[1:])
