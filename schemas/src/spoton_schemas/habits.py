"""What people of an environment usually do: what a task teaches, and what the next one is told at its START."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from spoton_schemas import bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class HabitualPlace:
    """A square metre of the floor: how many people came there, and how many of them walked each of eight ways."""

    x_m: bounds.WholeMetres
    y_m: bounds.WholeMetres
    people: bounds.Count
    ways: tuple[
        bounds.Count,
        bounds.Count,
        bounds.Count,
        bounds.Count,
        bounds.Count,
        bounds.Count,
        bounds.Count,
        bounds.Count,
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """Where people of an environment walked, and which way."""

    people: bounds.Count
    places: Annotated[tuple[HabitualPlace, ...], Meta(max_length=bounds.MAX_PLACES)] = ()
