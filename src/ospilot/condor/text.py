"""HTCondor's languages as text: configuration values and ClassAd literals, each with its escaper."""

from __future__ import annotations

import re
from collections.abc import Mapping

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def config_value(text: str) -> str:
    """Return text as the value of an HTCondor configuration macro that reads back to the same text.

    ``$`` would start a macro, hence becomes ``$(DOLLAR)``. Raise ValueError for text that a configuration
    line cannot hold: control characters, blanks at either end, a backslash at the end (continuation).
    """
    if _CONTROL.search(text):
        raise ValueError("a configuration value cannot hold control characters")
    if text != text.strip():
        raise ValueError("a configuration value cannot begin or end with a blank")
    if text.endswith("\\"):
        raise ValueError("a configuration value cannot end with a backslash")
    return text.replace("$", "$(DOLLAR)")


def classad_string(text: str) -> str:
    """Return text as a ClassAd string literal; raise ValueError for control characters."""
    if _CONTROL.search(text):
        raise ValueError("a ClassAd string cannot hold control characters here")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def assignments(values: Mapping[str, str]) -> str:
    """Return configuration lines, one ``NAME = value`` each; the values are already HTCondor's language."""
    return "".join(f"{name} = {value}\n" for name, value in values.items())


def host_label(text: str) -> str:
    """Return text as one component of a host name: letters, digits, dots, dashes, at most 63 characters.

    The rule of the existing system for machine names (contract 1.1, GLIDEIN_ResourceName). Text without any
    usable character becomes ``pilot``.
    """
    label = re.sub(r"\.[.-]*", ".", re.sub(r"[^A-Za-z0-9.-]+", "-", text))
    return label.strip(".-")[:63].rstrip(".-") or "pilot"
