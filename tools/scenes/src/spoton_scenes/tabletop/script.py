"""What happens on a table, as a script. Places are pixels of the picture: the foot of a thing, x and y."""

from dataclasses import dataclass

Place = tuple[float, float]

WIDTH, HEIGHT = 640, 360
SIZES = {"bottle": (46.0, 140.0), "cup": (52.0, 58.0), "book": (90.0, 44.0), "cell phone": (44.0, 24.0)}
"""Width and height of a thing on the front edge of the table, pixels."""


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that stands on the table from the beginning, or (without a place) comes in a hand."""

    class_name: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class Lift:
    """A hand takes a thing from its place along some points of the air to another place, or away (no target)."""

    thing: int
    start_s: float
    end_s: float
    via: tuple[Place, ...]
    target: Place | None
    entry: Place


@dataclass(frozen=True, slots=True)
class Reach:
    """A hand goes to a thing and stays there without moving it; it hides it, or only touches it."""

    thing: int
    start_s: float
    end_s: float
    hides: bool
    entry: Place


@dataclass(frozen=True, slots=True)
class Body:
    """A person stands in the picture, or walks through it; in front of the table or behind it."""

    start_s: float
    end_s: float
    from_x: float
    to_x: float
    in_front: bool


Act = Lift | Reach | Body


@dataclass(frozen=True, slots=True)
class TableDeed:
    """What really happened; `type` as events have it."""

    type: str
    time_s: float
    class_name: str


@dataclass(frozen=True, slots=True)
class TableClip:
    """A clip; `noise`: how bad the detector is, see `DetectorNoise.level`."""

    name: str
    things: tuple[Thing, ...]
    acts: tuple[Act, ...]
    length_s: float
    noise: float
    unseen_hands: bool = False
    fps: float = 12.0

    @property
    def deeds(self) -> tuple[TableDeed, ...]:
        """List what was picked up and put back, in the order of time."""
        deeds = list[TableDeed]()
        for act in self.acts:
            if isinstance(act, Lift) and self.things[act.thing].place is not None:
                name = self.things[act.thing].class_name
                deeds.append(TableDeed("object_picked_up", act.start_s, name))
                if act.target is not None:
                    deeds.append(TableDeed("object_put_back", act.end_s, name))
        return tuple(sorted(deeds, key=lambda deed: deed.time_s))
