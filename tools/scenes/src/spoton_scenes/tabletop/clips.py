"""The clips: every kind of thing that can happen on a table, each in several variations."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spoton_scenes.tabletop.script import WIDTH, Body, Lift, Place, Reach, TableClip, Thing

_Maker = Callable[["_Dice", str], TableClip]
_VARIATIONS = 3
_SLOTS = (100.0, 240.0, 390.0, 540.0)


@dataclass(frozen=True, slots=True)
class _Dice:
    """Chance, and how bad the detector is in this variation."""

    rng: np.random.Generator
    level: float

    def between(self, low: float, high: float) -> float:
        """Return a number between two others."""
        return float(self.rng.uniform(low, high))

    def place(self, x: float, y: float = 290.0) -> Place:
        """Return a place near another one."""
        return x + self.between(-15, 15), y + self.between(-15, 15)

    def entry(self) -> Place:
        """Return where at the border of the picture a hand comes in."""
        side = int(self.rng.integers(3))
        return [(-20.0, 180.0), (WIDTH + 20.0, 180.0), (self.between(100, 540), -30.0)][side]

    def air(self, count: int = 2) -> tuple[Place, ...]:
        """Return points above the table, or out of the picture, where a thing is held."""
        return tuple((self.between(80, 560), self.between(-80, 130)) for _ in range(count))

    def lift(self, thing: int, start_s: float, away_s: float, target: Place | None) -> Lift:
        """Take a thing away and put it to a place."""
        return Lift(thing, start_s, start_s + away_s, self.air(), target, self.entry())


def _one(dice: _Dice, name: str) -> TableClip:
    place = dice.place(320)
    acts = (dice.lift(0, 5, 4, dice.place(330)), dice.lift(0, 15, 6, dice.place(place[0])))
    return TableClip(name, (Thing("bottle", place),), acts, 27, 0.0)


def _alike(dice: _Dice, name: str) -> TableClip:
    """Several alike things, one after the other, back about where they were."""
    things = tuple(Thing("bottle", dice.place(x)) for x in _SLOTS)
    acts = tuple(
        dice.lift(thing, 4 + 8 * turn, dice.between(3, 6), dice.place(_SLOTS[thing]))
        for turn, thing in enumerate(dice.rng.permutation(4).tolist())
    )
    return TableClip(name, things, acts, 38, dice.level)


def _two_at_once(dice: _Dice, name: str) -> TableClip:
    things = tuple(Thing("cup", dice.place(x)) for x in _SLOTS)
    first = Lift(0, 5.0, 10.0, ((120, 60), (150, 90)), dice.place(_SLOTS[0]), (-20, 180))
    second = Lift(3, 5.2, 13.0, ((560, 60), (520, 80)), dice.place(_SLOTS[3]), (WIDTH + 20, 180))
    return TableClip(name, things, (first, second), 22, dice.level)


def _hiding_hand(dice: _Dice, name: str) -> TableClip:
    """A hand lies over one thing for long and takes another one."""
    things = (Thing("cup", dice.place(200)), Thing("cup", dice.place(440)))
    acts = (
        Reach(0, 4, 4 + dice.between(1, 7), True, (-20, 180)),
        dice.lift(1, 15, 4, dice.place(430)),
        Reach(1, 24, 24 + dice.between(1, 3), True, (WIDTH + 20, 180)),
    )
    return TableClip(name, things, acts, 33, dice.level)


def _unseen_hand(dice: _Dice, name: str) -> TableClip:
    """The detector never sees the hand, which hides a thing for a moment and takes another one."""
    things = (Thing("cup", dice.place(200)), Thing("bottle", dice.place(440)))
    acts = (
        Reach(0, 5, 5 + dice.between(0.3, 1.5), True, (-20, 180)),
        dice.lift(1, 12, 5, dice.place(440)),
        dice.lift(0, 22, 6, dice.place(200)),
    )
    return TableClip(name, things, acts, 34, dice.level, unseen_hands=True)


def _other_place(dice: _Dice, name: str) -> TableClip:
    things = (Thing("bottle", dice.place(100)), Thing("book", dice.place(300)), Thing("bottle", dice.place(420)))
    acts = (dice.lift(0, 4, 4, dice.place(540)), dice.lift(1, 12, 4, dice.place(140)), dice.lift(2, 20, 3, (250, 240)))
    return TableClip(name, things, acts, 30, dice.level)


def _exchange(dice: _Dice, name: str) -> TableClip:
    """Two alike things change places."""
    left, right = dice.place(180), dice.place(460)
    acts = (
        Lift(0, 5.0, 14.0, ((180, 60), (200, 100)), right, (-20, 180)),
        Lift(1, 8.0, 17.0, ((460, 40), (420, 100)), left, (WIDTH + 20, 180)),
    )
    return TableClip(name, (Thing("cup", left), Thing("cup", right)), acts, 25, dice.level)


def _flicker(dice: _Dice, name: str) -> TableClip:
    things = (Thing("cell phone", dice.place(160)), Thing("cup", dice.place(320)), Thing("bottle", dice.place(500)))
    acts = (dice.lift(0, 10, 5, dice.place(170)), dice.lift(2, 22, 5, dice.place(480)))
    return TableClip(name, things, acts, 36, 1.0)


def _passers_by(dice: _Dice, name: str) -> TableClip:
    """People walk past in front of the table, and one takes something."""
    things = (Thing("bottle", dice.place(200)), Thing("bottle", dice.place(420)))
    acts = (
        Body(4, 4 + dice.between(2, 5), -90, WIDTH + 90, True),
        Body(12, 12 + dice.between(2, 5), WIDTH + 90, -90, True),
        dice.lift(1, 20, 4, dice.place(420)),
        Body(28, 33, -90, WIDTH + 90, True),
    )
    return TableClip(name, things, acts, 36, dice.level)


def _never_still(dice: _Dice, name: str) -> TableClip:
    """Somebody carries a thing through the picture without putting it down."""
    things = (Thing("bottle", dice.place(160)), Thing("bottle", None))
    acts = (
        Lift(1, 4.0, 11.0, ((150, 200), (320, 220), (500, 180)), None, (-20, 150)),
        dice.lift(0, 16, 4, dice.place(200)),
    )
    return TableClip(name, things, acts, 26, dice.level)


def _seated(dice: _Dice, name: str) -> TableClip:
    """Somebody sits behind the table all the time, takes things and puts them back."""
    things = (Thing("cup", dice.place(280, 270)), Thing("bottle", dice.place(380, 270)))
    acts = (
        Body(0, 60, 320, 325, False),
        Lift(0, 6.0, 10.0, ((320, 120), (310, 110)), dice.place(270, 270), (320, 120)),
        Lift(1, 16.0, 22.0, ((330, 140), (330, 130)), dice.place(390, 270), (320, 120)),
    )
    return TableClip(name, things, acts, 30, dice.level)


def _for_good(dice: _Dice, name: str) -> TableClip:
    """Things are taken and never come back; arms pass over the others."""
    things = tuple(Thing("cup", dice.place(x, 300)) for x in _SLOTS)
    acts = (
        Lift(2, 5.0, 7.0, ((300, 120),), None, (-20, 260)),
        Lift(1, 13.0, 15.0, ((320, 100),), None, (WIDTH + 20, 260)),
    )
    return TableClip(name, things, acts, 24, dice.level)


def _held_up(dice: _Dice, name: str) -> TableClip:
    """A thing is held up before the camera for long, as still as a hand can."""
    stay = dice.between(6, 9)
    act = Lift(0, 5.0, 5.0 + stay, ((320, 190), (321, 190)), dice.place(240), (WIDTH + 20, 150))
    return TableClip(name, (Thing("bottle", dice.place(240)),), (act,), 22, dice.level)


def _touched(dice: _Dice, name: str) -> TableClip:
    """Hands touch things and leave them where they are."""
    things = (Thing("bottle", dice.place(200)), Thing("cup", dice.place(420)))
    acts = (
        Reach(0, 4, 4 + dice.between(0.5, 4), False, dice.entry()),
        Reach(1, 11, 11 + dice.between(0.5, 4), False, dice.entry()),
        dice.lift(0, 19, 4, dice.place(210)),
    )
    return TableClip(name, things, acts, 28, dice.level)


def _quiet(dice: _Dice, name: str) -> TableClip:
    """Nobody touches anything for five minutes; people walk past in front of the table and behind it."""
    things = (
        *(Thing("bottle", dice.place(x)) for x in (100.0, 170.0)),
        *(Thing("cup", dice.place(x)) for x in (320.0, 400.0)),
        Thing("cell phone", dice.place(490)),
        Thing("book", dice.place(580)),
    )
    walks = tuple(
        Body(at, at + dice.between(2, 8), -90, WIDTH + 90, turn % 2 == 0)
        for turn, at in enumerate(np.arange(15.0, 290.0, 25.0).tolist())
    )
    return TableClip(name, things, walks, 300, dice.level)


_KINDS: dict[str, _Maker] = {
    "one": _one,
    "alike": _alike,
    "two-at-once": _two_at_once,
    "hiding-hand": _hiding_hand,
    "unseen-hand": _unseen_hand,
    "other-place": _other_place,
    "exchange": _exchange,
    "flicker": _flicker,
    "passers-by": _passers_by,
    "never-still": _never_still,
    "seated": _seated,
    "for-good": _for_good,
    "held-up": _held_up,
    "touched": _touched,
}
_LEVELS = (0.0, 0.5, 1.0)

CLIPS = tuple(f"{kind}-{number}" for kind in _KINDS for number in range(1, _VARIATIONS + 1))
"""Names of the clips in which something happens; the number says how bad the detector is."""

QUIET = tuple(f"quiet-{number}" for number in range(1, _VARIATIONS + 1))
"""Names of those in which nobody touches anything."""


def make_clip(name: str, seed: int = 1) -> TableClip:
    """Write a clip's script.

    Raises:
        KeyError: there is no such clip.

    """
    kind, _, number = name.rpartition("-")
    maker = ({**_KINDS, "quiet": _quiet})[kind]
    order = [*_KINDS, "quiet"].index(kind)
    return maker(_Dice(np.random.default_rng([seed, order, int(number)]), _LEVELS[int(number) - 1]), name)
