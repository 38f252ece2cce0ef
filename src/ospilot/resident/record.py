"""Record: frozen plain data, without the megabyte of ``dataclasses`` (it imports inspect, ast, tokenize)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Self, TypeVar, dataclass_transform

    Class = TypeVar("Class", bound=type)
else:

    def dataclass_transform(**_options: bool) -> Callable[[Class], Class]:
        """Stand in for typing's decorator, which only type checkers need."""
        return lambda kind: kind


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Record:
    """Base of plain data: each annotation is a field, given by keyword; a default makes it optional."""

    def __init__(self, **values: Any) -> None:  # noqa: ANN401 - type checkers see the fields
        for name in self.fields():
            if name not in values and not hasattr(type(self), name):
                raise TypeError(f"{type(self).__name__} needs {name}")
            object.__setattr__(self, name, values.pop(name) if name in values else getattr(type(self), name))
        if values:
            raise TypeError(f"{type(self).__name__} has no {', '.join(values)}")

    @classmethod
    def fields(cls) -> tuple[str, ...]:
        """Return the names of the fields, in order."""
        return tuple(cls.__annotations__)

    def values(self) -> dict[str, Any]:
        """Return the fields with their values."""
        return {name: getattr(self, name) for name in self.fields()}

    def but(self, **changes: Any) -> Self:  # noqa: ANN401 - the same
        """Return the same record with some fields changed."""
        return type(self)(**{**self.values(), **changes})

    def __setattr__(self, name: str, _value: object) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} is frozen")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Record) and type(self) is type(other) and self.values() == other.values()

    def __hash__(self) -> int:
        return hash(tuple(self.values().values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.values().items())})"
