"""What the harness processes: a generated scene, and tasks on it with ids and times of its own choice."""

from dataclasses import replace
from pathlib import Path

from confluent_kafka import Consumer, TopicPartition
from spoton_cli import file_roots
from spoton_common.environment import load_environment, scene_record
from spoton_common.kafka.client import client_config
from spoton_common.kafka.producer import RecordProducer
from spoton_common.kafka.reading import read_partition
from spoton_gateway.task_service import announcement
from spoton_local import Connections, Layout
from spoton_scenes.environment import write_environment
from spoton_scenes.film import plan_film
from spoton_scenes.presets import PRESETS
from spoton_schemas.codec import Codec
from spoton_schemas.records import Command, CommandName, Environment, Scene
from spoton_schemas.topics import COMMANDS, DEAD_LETTERS, ENVIRONMENTS, HABITS

_ORIGIN_US = 1_700_000_000_000_000
_PRESET = replace(PRESETS["easy"], batches=3, batch_seconds=3.0, width_px=480, height_px=270)


class Material:
    """A registered scene, and how to start and steer tasks on it."""

    def __init__(self, folder: Path, layout: Layout, connections: Connections, seed: int) -> None:
        if not (folder / "environment.yaml").exists():
            write_environment(plan_film(_PRESET, seed), _PRESET.title, folder, lambda _frames: None)
        self._scene: Scene = scene_record(load_environment(folder))
        self._bootstrap = connections.kafka_bootstrap
        self._consumer = Consumer({**client_config(self._bootstrap), "group.id": "unused"})
        self._codec = Codec.connect(connections.registry_url)
        file_roots.allow(layout, [source for camera in self._scene.cameras for source in camera.sources])
        producer = self._producer()
        producer.send(ENVIRONMENTS, Environment(self._scene))
        producer.flush()

    def start(self, task_id: str) -> None:
        """Announce a task as the gateway would; its id and time are given, so that runs can be compared.

        So that they can, no run knows what those before it have taught of the environment.
        """
        producer = self._producer()
        for key in {message.key() for message in read_partition(self._bootstrap, HABITS.name, 0)}:
            producer.send_bytes(HABITS.name, key, None)
        producer.flush()
        cameras = list(self._scene.cameras)
        for topic, record in announcement(task_id, self._scene.environment_id, cameras, _ORIGIN_US):
            producer.send(topic, record)
        producer.flush()

    def command(self, task_id: str, name: CommandName) -> None:
        """Send a command as the gateway would."""
        producer = self._producer()
        command = Command(
            task_id=task_id,
            environment_id=self._scene.environment_id,
            command_id=f"{task_id}/{name}",
            command=name,
        )
        producer.send(COMMANDS, command)
        producer.flush()

    def dead_letters(self) -> int:
        """Count the records that were ever set aside; ``KafkaException``."""
        return int(self._consumer.get_watermark_offsets(TopicPartition(DEAD_LETTERS, 0), timeout=10)[1])

    def _producer(self) -> RecordProducer:
        return RecordProducer(self._bootstrap, self._codec)
