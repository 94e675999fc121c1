"""What goes wrong in a run and when: drawn from a seed, so that a failure can be repeated."""

import random
import uuid
from dataclasses import dataclass
from enum import StrEnum

SERVICES = ("ingest", "detector", "reid", "mapper", "events", "gateway", "sink")
SERVERS = ("kafka", "postgres", "redis", "registry")
_SCALED = ("detector", "reid")
_LONGEST_PAUSE_S = 2.0  # until a killed process is started again


class Kind(StrEnum):
    """What happens to the targets."""

    KILL = "kill"  # kill -9 of a service or server, started again after a pause
    SECOND = "second"  # a second instance of a service is started, and one of the two is killed for good
    PAUSE = "pause"  # the task is paused, the target is killed, the task is resumed
    STOP = "stop"  # the task is stopped, and the target is killed


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong, ``after_s`` seconds after the one before it."""

    kind: Kind
    targets: tuple[str, ...]
    after_s: float
    pause_s: float

    def __str__(self) -> str:
        return f"+{self.after_s:.1f} s {self.kind} {'+'.join(self.targets)} for {self.pause_s:.1f} s"


@dataclass(frozen=True, slots=True)
class Run:
    """A run's number, its task and its faults."""

    number: int
    task_id: str
    faults: tuple[Fault, ...]

    @property
    def stops(self) -> bool:
        """Whether the task is stopped before its end."""
        return any(fault.kind is Kind.STOP for fault in self.faults)


def draw_run(seed: int, number: int, within_s: float) -> Run:
    """Draw a run whose faults come within so many seconds of the beginning, or of each other.

    Runs take turns: each service alone, each server alone, pairs, a second instance, a pause, a stop.
    """
    rng = random.Random(f"{seed}/{number}")
    task_id = str(uuid.UUID(int=rng.getrandbits(128), version=4))
    turn = number % 6
    if turn == 0:
        faults = [_kill(rng, (_in_turn(SERVICES, number),), within_s) for _ in range(2)]
    elif turn == 1:
        faults = [_kill(rng, tuple(rng.sample(SERVICES, 2)), within_s)]
    elif turn == 2:
        faults = [_kill(rng, (_in_turn(SERVERS, number),), within_s)]
    elif turn == 3:
        faults = [_fault(rng, Kind.SECOND, (_in_turn(_SCALED, number),), within_s)]
    elif turn == 4:
        faults = [_kill(rng, (rng.choice(SERVICES),), within_s / 2) for _ in range(3)]
    elif number % 12 == 5:
        faults = [_fault(rng, Kind.PAUSE, (rng.choice(SERVICES),), within_s)]
    else:
        faults = [_fault(rng, Kind.STOP, (rng.choice(SERVICES),), within_s)]
    return Run(number, task_id, tuple(faults))


def _in_turn(names: tuple[str, ...], number: int) -> str:
    return names[number // 6 % len(names)]


def _kill(rng: random.Random, targets: tuple[str, ...], within_s: float) -> Fault:
    return _fault(rng, Kind.KILL, targets, within_s)


def _fault(rng: random.Random, kind: Kind, targets: tuple[str, ...], within_s: float) -> Fault:
    return Fault(kind, targets, round(rng.uniform(0, within_s), 2), round(rng.uniform(0, _LONGEST_PAUSE_S), 2))
