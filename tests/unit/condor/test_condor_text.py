"""Text in HTCondor's languages: what goes in comes out, and nothing breaks out."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ospilot.condor.text import assignments, classad_string, config_value, host_label

CONTROL = [chr(number) for number in (*range(32), 127)]
PLAIN = st.text(st.characters(exclude_characters=CONTROL, exclude_categories=["Cs"]))


@pytest.mark.parametrize("character", CONTROL)
@pytest.mark.parametrize("text", ["{}", "a{}b", "{}b", "a{}"])
def test_control_characters_are_refused_everywhere(character: str, text: str) -> None:
    with pytest.raises(ValueError, match="control characters"):
        config_value(text.format(character))
    with pytest.raises(ValueError, match="control characters"):
        classad_string(text.format(character))


@given(text=PLAIN)
def test_a_dollar_never_survives_bare_in_a_configuration_value(text: str) -> None:
    try:
        value = config_value(text)
    except ValueError:
        return
    assert "$" not in value.replace("$(DOLLAR)", "")


@given(text=PLAIN)
def test_a_configuration_value_reads_back_to_the_same_text(text: str) -> None:
    try:
        value = config_value(text)
    except ValueError:
        assert text != text.strip() or text.endswith("\\")
        return
    assert value.replace("$(DOLLAR)", "$") == text
    assert value == value.strip()
    assert not value.endswith("\\")


@pytest.mark.parametrize("text", [" a", "a ", "\u00a0a", "a\\", "\\"])
def test_what_a_configuration_line_would_change_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a configuration value cannot"):
        config_value(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [("$(X)", "$(DOLLAR)(X)"), ("$$([1])", "$(DOLLAR)$(DOLLAR)([1])"), ("a $ENV(X)", "a $(DOLLAR)ENV(X)")],
)
def test_macros_in_a_text_are_not_expanded(text: str, value: str) -> None:
    assert config_value(text) == value


def read_classad_string(literal: str) -> str:
    """Return the text of a ClassAd string literal; fail unless it is exactly one literal."""
    assert re.fullmatch(r'"(?:[^"\\]|\\["\\])*"', literal)
    return re.sub(r"\\(.)", r"\1", literal[1:-1])


@given(text=PLAIN | st.text(st.sampled_from('\\"$a ')))
def test_a_classad_string_is_one_literal_that_reads_back_to_the_same_text(text: str) -> None:
    assert read_classad_string(classad_string(text)) == text


@given(text=PLAIN | st.text(st.sampled_from('\\"$a ')))
def test_any_classad_string_fits_into_a_configuration_line(text: str) -> None:
    assert config_value(classad_string(text)).startswith('"')


def test_assignments_are_one_line_for_each_name_in_the_order_given() -> None:
    assert assignments({"B": "1", "A": "$(B) x"}) == "B = 1\nA = $(B) x\n"
    assert assignments({}) == ""


@given(text=st.text(max_size=200) | st.text(st.sampled_from("a-.é "), max_size=200))
def test_a_host_label_is_always_a_valid_label_of_at_most_63_characters(text: str) -> None:
    label = host_label(text)
    assert re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,61}[A-Za-z0-9])?", label)


@given(text=st.from_regex(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?", fullmatch=True))
def test_a_text_that_is_a_host_label_already_stays_as_it_is(text: str) -> None:
    assert host_label(text) == text


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("My Cluster", "My-Cluster"),
        ("a  (b)/c", "a-b-c"),
        ("--x..", "x"),
        ("", "pilot"),
        ("___", "pilot"),
        ("é", "pilot"),
        ("x" * 62 + "-y", "x" * 62),
        ("n1.example.org", "n1.example.org"),
    ],
)
def test_host_labels_of_everyday_texts(text: str, label: str) -> None:
    assert host_label(text) == label
