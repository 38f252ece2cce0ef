"""Find the pilot's tokens and judge them: readable, whole, and valid now. Signatures are never shown."""

from __future__ import annotations

import base64
import binascii
import errno
import json
import os
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ospilot.errors import ExitCode, Problem

TOKENS_DIRECTORY = Path("/etc/condor/tokens-orig.d")
"""Where operators mount token files (contract section 2)."""

TOKEN_NAME = "flock.opensciencegrid.org"  # noqa: S105 - a file name, no secret
"""The file name under which the pool's token is kept, also when it came as TOKEN (contract 13.1 (12))."""

TOKEN_PARTS = 3
"""Header, claims and signature."""

SIZE_LIMIT = 64 * 1024
"""Bytes of a token file that we read; an IDTOKEN has some hundred."""

CLOCK_LEEWAY = 60.0
"""Seconds by which this host's clock may lag behind the issuer's."""


@dataclass(frozen=True)
class Token:
    """A token that can be used now: its text, and what its claims say about it."""

    name: str
    text: str
    issuer: str
    subject: str
    scopes: tuple[str, ...]
    expires: float | None

    def __repr__(self) -> str:
        return f"Token(name={self.name!r}, issuer={self.issuer!r}, subject={self.subject!r})"


def read_directory(directory: Path) -> tuple[list[tuple[str, str]], list[Problem]]:
    """Given the directory of mounted tokens, return (name, text) of each file, and a problem for each bad one.

    Hidden entries are skipped: Kubernetes keeps its symbolic-link machinery in them.
    """
    found: list[tuple[str, str]] = []
    problems: list[Problem] = []
    try:
        names = sorted(path.name for path in directory.iterdir() if not path.name.startswith("."))
    except FileNotFoundError:
        return found, problems
    except OSError as error:
        reason = f"cannot be listed: {error.strerror}"
        return found, [_bad(str(directory), reason, f"let uid {os.getuid()} read it")]
    for name in names:
        path = directory / name
        try:
            found.append((name, _read(path)))
        except IsADirectoryError:
            problems.append(
                _bad(
                    str(path),
                    "is a directory, not a token file (engines create one where the mounted file is missing)",
                    "check the path of the token on the host, remove the empty directory that the engine made "
                    "there, and start again",
                )
            )
        except UnicodeDecodeError:
            problems.append(_bad(str(path), "is not text", "mount the token file of the pool, unchanged"))
        except OSError as error:
            problems.append(
                _bad(
                    str(path),
                    f"cannot be read by uid {os.getuid()}: {error.strerror}",
                    f"on the host: chown {os.getuid()} FILE && chmod 400 FILE",
                )
            )
    return found, problems


def _read(path: Path) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(path)
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "it is no plain file")
        return file.read(SIZE_LIMIT).decode().strip()


def judge(name: str, text: str, *, origin: str, now: float) -> Token | Problem:
    """Given a token's text, return what it says, or the problem that makes it useless now.

    The signature is not verified: only the pool holds the key.
    """
    if not text:
        return _bad(origin, "is empty", "put the token that the pool issued into it")
    claims = _claims(text)
    if claims is None:
        return _bad(
            origin,
            "is not a token (three parts separated by dots, as condor_token_create prints them)",
            "copy the whole token, on one line, without quotes",
        )
    expires, begins = claims.get("exp"), claims.get("nbf", claims.get("iat"))
    if isinstance(expires, int | float) and expires <= now:
        return _bad(origin, f"expired on {_day(expires)}", "ask the pool for a new token")
    if isinstance(begins, int | float) and begins > now + CLOCK_LEEWAY:
        return _bad(
            origin,
            f"is valid only from {_day(begins)}, and this host's clock says {_day(now)}",
            "set the clock of this host, or wait",
        )
    return Token(
        name=name,
        text=text,
        issuer=str(claims.get("iss", "")),
        subject=str(claims.get("sub", "")),
        scopes=tuple(str(claims.get("scope", "")).split()),
        expires=float(expires) if isinstance(expires, int | float) else None,
    )


def _claims(text: str) -> dict[str, object] | None:
    """Return what a token says of itself (RFC 7519), or None for text that is no token.

    Read here and not with PyJWT: nothing is verified, and its import alone would cost every start 60 ms.
    """
    parts = text.split(".")
    if len(parts) != TOKEN_PARTS or not all(parts):
        return None
    try:
        header, claims = (
            json.loads(base64.b64decode(_padded(part), b"-_", validate=True)) for part in parts[:2]
        )
    except (binascii.Error, ValueError, RecursionError):
        return None
    return claims if isinstance(header, dict) and "alg" in header and isinstance(claims, dict) else None


def _padded(part: str) -> bytes:
    return (part + "=" * (-len(part) % 4)).encode()


def collect(*, mounted: Path, given: str | None, now: float) -> tuple[list[Token], list[Problem]]:
    """Given the mounted directory and the value of TOKEN, return the usable tokens and every problem.

    TOKEN takes the place of the file of the same name, as in the existing system.
    """
    found, problems = read_directory(mounted)
    origins = {name: (text, str(mounted / name)) for name, text in found}
    if given is not None and given.strip():
        origins[TOKEN_NAME] = (given.strip(), "TOKEN")
    tokens = []
    for name, (text, origin) in origins.items():
        judged = judge(name, text, origin=origin, now=now)
        if isinstance(judged, Token):
            tokens.append(judged)
        else:
            problems.append(judged)
    if not tokens and not problems:
        problems.append(
            _bad(
                "token",
                f"there is none: no file in {mounted} and TOKEN is not set",
                f"mount the pool's token as {mounted / TOKEN_NAME}, readable by uid {os.getuid()}",
            )
        )
    return tokens, problems


def _bad(name: str, reason: str, fix: str) -> Problem:
    return Problem(name, None, reason, fix, ExitCode.TOKEN)


def _day(when: float) -> str:
    try:
        return datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError, OSError):
        return f"second {when:g} of 1970, which no calendar has"
