"""Plain records, and the plan as JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ospilot.resident.plan import parse
from ospilot.resident.record import Record


class Point(Record):
    """A record to try."""

    x: int
    y: int = 2


def test_a_default_makes_a_field_optional() -> None:
    assert Point(x=1) == Point(x=1, y=2)
    assert Point(x=1).values() == {"x": 1, "y": 2}
    assert repr(Point(x=1)) == "Point(x=1, y=2)"
    assert hash(Point(x=1)) == hash(Point(x=1))


def test_missing_and_unknown_fields_are_refused() -> None:
    with pytest.raises(TypeError, match="needs x"):
        Point()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="has no z"):
        Point(x=1, z=3)  # type: ignore[call-arg]


def test_a_record_is_frozen_and_changed_by_a_copy() -> None:
    point = Point(x=1)
    with pytest.raises(AttributeError, match="frozen"):
        point.x = 5  # type: ignore[misc]
    assert (point.but(x=5), point.x) == (Point(x=5), 1)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(value=JSON)
def test_json_is_read_as_the_json_package_reads_it(value: object) -> None:
    text = json.dumps(value)
    assert parse(text) == json.loads(text)


@pytest.mark.parametrize("text", ["", "{", "{} {}", "nonsense", '{"a": }', "[1,]"])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"JSON|value|delimiter|column|Expecting|trailing"):
        parse(text)
