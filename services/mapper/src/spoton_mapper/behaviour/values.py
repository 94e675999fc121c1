"""What the questions look at."""

from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from spoton_schemas.records import Event

MICROSECONDS_PER_S = 1_000_000

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Sighting:
    """A person seen at a tick: where on the floor (metres), and in which camera's tracklet.

    ``revision`` is the newest identity revision that ``global_id`` takes into account.
    """

    global_id: int
    x_m: float
    y_m: float
    std_m: float
    tick: int
    time_us: int
    revision: int
    camera_id: str
    track_id: int


@dataclass(frozen=True, slots=True)
class Transition:
    """Somebody came into a place or left it; ``place`` None is the whole floor.

    ``crossed`` is the first sighting on the new side, or the last of somebody who was ``lost``. ``appeared``: nobody
    saw the person outside before.
    """

    place: str | None
    entered: bool
    crossed: Sighting
    confidence: float
    appeared: bool = False
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """One tick.

    Attributes:
        people: who is seen, by identity; in the order of identities. Positions are smoothed.
        ahead: what is known already of where they are next, not smoothed.
        renamed: identities that go on under another one, (old, new): the same tracklet has another owner.
        gone: the last sightings of people who have not been seen for a while.
        transitions: who came into places and left them, as settled at this tick.
        undecided: people (identity, place) who have just crossed a boundary, and may not stay there; whether inwards.

    """

    tick: int
    time_us: int
    people: dict[int, Sighting] = field(default_factory=dict)
    ahead: dict[int, tuple[Sighting, ...]] = field(default_factory=dict)
    renamed: tuple[tuple[int, int], ...] = ()
    gone: tuple[Sighting, ...] = ()
    transitions: tuple[Transition, ...] = ()
    undecided: dict[tuple[int, str | None], bool] = field(default_factory=dict)


class Question(Protocol):
    """One question about people's behaviour."""

    def feed(self, moment: Moment) -> list[Event]:
        """Take the next tick."""

    def finish(self, moment: Moment) -> list[Event]:
        """End what still goes on."""


def rename(states: dict[int, S], moment: Moment) -> None:
    """Let states by identity follow their people."""
    for old, new in moment.renamed:
        if old in states:
            states[new] = states.pop(old)


def seconds_between(first: Sighting, last: Sighting) -> float:
    """Return the time from one sighting to another."""
    return (last.time_us - first.time_us) / MICROSECONDS_PER_S
