"""Runs a task undisturbed, then again and again with faults, and compares what they leave behind."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from confluent_kafka import KafkaException
from spoton_schemas.records import CommandName

from tests.chaos.faults import SERVERS, SERVICES, Fault, Kind, Run
from tests.chaos.fleet import Fleet, NotRecovered
from tests.chaos.listener import Listener
from tests.chaos.material import Material
from tests.chaos.outcome import Outcome, compare, compare_stopped, read_outcome

_END_TIMEOUT_S = 150.0
_SETTLE_TIMEOUT_S = 30.0  # the last reports of progress come a moment after the end
_PAUSE_S = 0.5


@dataclass(slots=True)
class Result:
    """What became of a run."""

    number: int
    task_id: str
    faults: list[str]
    seconds: float
    connections: int = 0
    problems: list[str] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list, repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Return what goes into the report."""
        names = ("number", "task_id", "faults", "seconds", "connections", "problems")
        return {name: getattr(self, name) for name in names}


class Chaos:
    """One stack and one scene."""

    def __init__(self, fleet: Fleet, material: Material, say: Callable[[str], None]) -> None:
        self._fleet = fleet
        self._material = material
        self._say = say
        self._letters = 0

    def undisturbed(self, task_id: str) -> tuple[Outcome, float]:
        """Process the scene in peace; the outcome, and how long it took."""
        self._fleet.wait_ready(SERVICES)
        began = time.monotonic()
        self._material.start(task_id)
        listener = self._listen(task_id)
        self._wait_for_end(listener, task_id)
        seconds = time.monotonic() - began
        self._letters = self._material.dead_letters()
        return self._settled(task_id, listener), seconds

    def disturbed(self, run: Run, expected: Outcome) -> Result:
        """Process the scene with a run's faults and compare."""
        with self.task(run, expected) as result:
            for fault in run.faults:
                time.sleep(fault.after_s)
                self._commit(fault, run.task_id)
        return result

    @contextmanager
    def task(self, run: Run, expected: Outcome) -> Iterator[Result]:
        """Process the scene, let the caller do its worst meanwhile, and compare."""
        result = Result(run.number, run.task_id, [str(fault) for fault in run.faults], 0.0)
        self._fleet.wait_ready(SERVICES)
        began = time.monotonic()
        listener = self._listen(run.task_id)
        result.messages = listener.messages
        self._material.start(run.task_id)
        try:
            yield result
            self._wait_for_end(listener, run.task_id)
            result.problems = self._problems(run, listener, expected)
        except NotRecovered as error:
            result.problems = [str(error)]
        finally:
            listener.stop()
        result.seconds, result.connections = round(time.monotonic() - began, 1), listener.connections

    def _listen(self, task_id: str) -> Listener:
        return Listener(self._fleet.connections.gateway_url, task_id)

    def _commit(self, fault: Fault, task_id: str) -> None:
        self._say(f"    {fault}")
        if fault.kind is Kind.SECOND:
            self._replace(fault.targets[0], fault.pause_s)
            return
        if fault.kind is Kind.PAUSE:
            self._material.command(task_id, CommandName.PAUSE)
        if fault.kind is Kind.STOP:
            self._material.command(task_id, CommandName.STOP)
        self._kill(fault)
        if fault.kind is Kind.PAUSE:
            self._fleet.wait_ready(SERVICES)
            self._material.command(task_id, CommandName.RESUME)

    def _kill(self, fault: Fault) -> None:
        for target in fault.targets:
            if target in SERVERS:
                self._fleet.kill_server(target)
            else:
                for instance in self._fleet.instances(target):
                    self._fleet.kill(instance)
        time.sleep(fault.pause_s)
        if set(fault.targets) & set(SERVERS):
            self._fleet.start_servers()
        for target in fault.targets:
            if target in SERVICES:
                self._fleet.start(target)

    def _replace(self, service: str, pause_s: float) -> None:
        """Let a second instance share the partitions, then kill the first."""
        [first] = self._fleet.instances(service)
        second = self._fleet.start(service)
        deadline = time.monotonic() + 60
        while not second.is_ready():
            self._fleet.raise_if_crashed()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        time.sleep(pause_s)
        self._fleet.kill(first)

    def _wait_for_end(self, listener: Listener, task_id: str) -> None:
        deadline = time.monotonic() + _END_TIMEOUT_S
        while not listener.wait(0.2):
            self._fleet.raise_if_crashed()
            if time.monotonic() > deadline:
                raise NotRecovered(f"the socket did not tell the end of {task_id} in {_END_TIMEOUT_S:.0f} s")

    def _problems(self, run: Run, listener: Listener, expected: Outcome) -> list[str]:
        """Compare until all is as expected, or time is up."""
        deadline = time.monotonic() + _SETTLE_TIMEOUT_S
        check = compare_stopped if run.stops else compare
        while True:
            self._fleet.raise_if_crashed()
            try:
                differences = [str(d) for d in check(expected, self._outcome(run.task_id, listener))]
                letters = self._material.dead_letters()
            except (httpx.HTTPError, OSError, KafkaException) as error:
                differences, letters = [f"no outcome: {error!r}"], self._letters
            if letters != self._letters:
                differences.append(f"{letters - self._letters} dead letters")
            if not differences or time.monotonic() > deadline:
                self._letters = letters
                return differences
            time.sleep(_PAUSE_S)

    def _settled(self, task_id: str, listener: Listener) -> Outcome:
        """Return the outcome once every stage has told its last, and the sink has nothing more to write."""
        deadline = time.monotonic() + _SETTLE_TIMEOUT_S
        before: Outcome = {}
        while True:
            outcome = self._outcome(task_id, listener)
            if outcome == before and all('"ended": true' in row for row in outcome["task_progress"]):
                return outcome
            if time.monotonic() > deadline:
                raise NotRecovered(f"not every stage told the end: {outcome['task_progress']}")
            before = outcome
            time.sleep(_PAUSE_S)

    def _outcome(self, task_id: str, listener: Listener) -> Outcome:
        addresses = self._fleet.connections
        return read_outcome(addresses.database_url, addresses.gateway_url, task_id, listener.messages)
