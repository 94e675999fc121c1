"""What the other topics say: environments, commands, and how far the detector is."""

from collections.abc import Collection, Iterable
from typing import TypeVar

from confluent_kafka import KafkaException
from spoton_common.servers import Patience
from spoton_schemas.codec import Codec
from spoton_schemas.records import Command, Environment, Scene, Stage, StatusKind, TaskStatus
from spoton_schemas.topics import COMMANDS, ENVIRONMENTS, TASK_STATUS, Topic

from spoton_ingest.chain import Chain
from spoton_ingest.follower import TopicFollower
from spoton_ingest.statuses import command_took_effect
from spoton_ingest.traffic import Traffic

R = TypeVar("R")

_DETECTOR_KINDS = (StatusKind.PROGRESS, StatusKind.ENDED)


class News:
    """Follows three topics for the loop, in the loop's thread; hands commands and reports on to ``traffic``."""

    def __init__(self, bootstrap: str, codec: Codec, traffic: Traffic, now_ms: int, patience: Patience) -> None:
        """Begin to follow; here, and where it catches up, it waits for Kafka, and raises ``ServerAway`` at a stop."""
        self.scenes: dict[str, Scene] = {}
        self._bootstrap = bootstrap
        self._codec = codec
        self._traffic = traffic
        self._patience = patience
        self._environments = self._follow(ENVIRONMENTS)
        self._commands = self._follow(COMMANDS)
        # Older reports are read where a camera needs them: see ``detector_history``.
        self._statuses = self._follow(TASK_STATUS, now_ms)

    def poll(self) -> list[tuple[Command, StatusKind]]:
        """Take what has arrived; return the commands that changed something."""
        self._take_environments(self._environments.poll())
        for _, status in self._statuses.poll():
            if status is not None and (report := _detector_report(status)) is not None:
                self._traffic.detected(*report)
        return self._take_commands(self._commands.poll())

    def catch_up(self) -> list[tuple[Command, StatusKind]]:
        """Read environments and commands up to now: what was said before a segment counts for it."""
        environments = self._catch_up(self._environments)
        commands = self._catch_up(self._commands)
        self._take_environments(environments)
        return self._take_commands(commands)

    def in_force(self, chain: Chain) -> TaskStatus | None:
        """Say again what an earlier command made of a task: when it was read, nobody may have held this camera."""
        effect = self._traffic.in_force(chain.task_id)
        if effect is None:
            return None
        return command_took_effect(chain.task_id, chain.environment_id, effect, [chain.camera_id])

    def detector_history(self, streams: Collection[str], since_ms: int) -> None:
        """Learn how far the detector is with streams that somebody began before."""
        follower = self._follow(TASK_STATUS, since_ms)
        try:
            reports = [_detector_report(status) for _, status in self._catch_up(follower) if status is not None]
        finally:
            follower.close()
        newest = {report[0]: report for report in reports if report is not None and report[0] in streams}
        for report in newest.values():
            self._traffic.resume(*report)

    def close(self) -> None:
        """Disconnect."""
        for follower in (self._environments, self._commands, self._statuses):
            follower.close()

    def _follow(self, topic: Topic[R], since_ms: int | None = None) -> TopicFollower[R]:
        def follow() -> TopicFollower[R]:
            return TopicFollower(self._bootstrap, self._codec, topic, since_ms)

        return self._patience.call("Kafka", follow, KafkaException)

    def _catch_up(self, follower: TopicFollower[R]) -> list[tuple[str, R | None]]:
        return self._patience.call("Kafka", follower.catch_up, KafkaException)

    def _take_environments(self, found: Iterable[tuple[str, Environment | None]]) -> None:
        for key, environment in found:
            if environment is None:
                self.scenes.pop(key, None)
            else:
                self.scenes[key] = environment.scene

    def _take_commands(self, found: Iterable[tuple[str, Command | None]]) -> list[tuple[Command, StatusKind]]:
        changes = []
        for _, command in found:
            if command is not None and (effect := self._traffic.command(command)) is not None:
                changes.append((command, effect))
        return changes


def _detector_report(status: TaskStatus) -> tuple[str, int, int] | None:
    """Return stream, last tick and frames done, of a detector's report on a camera."""
    if status.stage is not Stage.DETECTOR or status.kind not in _DETECTOR_KINDS or status.camera_id is None:
        return None
    if status.global_frame_index is None or status.frames_done is None:
        return None
    return f"{status.task_id}/{status.camera_id}", status.global_frame_index, status.frames_done
