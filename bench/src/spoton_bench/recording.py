"""Recorded detections: taken from a finished task, said again as tasks of other sizes."""

import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from confluent_kafka import Consumer, TopicPartition
from spoton_cli.errors import GatewayRefused
from spoton_cli.gateway import Gateway, TaskState
from spoton_common.kafka.producer import RecordProducer
from spoton_local import Connections
from spoton_schemas.codec import Codec
from spoton_schemas.records import Detections, Kind, Outcome, SceneCamera, TaskStart
from spoton_schemas.topics import DETECTIONS, TRACKS

_TIMEOUT_S = 20.0
_POLL_S = 0.2
_APART_M = 1000.0  # between copies of a place: nobody gets from one to the next within the window of association


@dataclass(frozen=True, slots=True)
class Recording:
    """A task's detections: the START of one camera, and every camera's pictures in order."""

    start: TaskStart
    pictures: dict[str, list[Detections]]

    def at(self, fps: float) -> "Recording":
        """Return the recording as if so many pictures a second had been taken, or all where it has fewer."""
        step = max(1, round(self.start.scene.processing_fps / fps))
        scene = replace(self.start.scene, processing_fps=self.start.scene.processing_fps / step)
        thinned = {camera_id: pictures[::step] for camera_id, pictures in self.pictures.items()}
        return Recording(replace(self.start, scene=scene), thinned)


def record_task(connections: Connections, task_id: str) -> Recording:
    """Read what the detector said of a finished task."""
    codec = Codec.connect(connections.registry_url)
    start: TaskStart | None = None
    pictures: dict[str, list[Detections]] = {}
    for value in _values(connections, DETECTIONS.name, task_id):
        record = codec.decode(DETECTIONS, value)
        start = record.start or start
        if record.kind is Kind.FRAME:
            pictures.setdefault(record.camera_id, []).append(record)
    assert start is not None
    return Recording(start, dict(sorted(pictures.items())))


def count_embeddings(connections: Connections, task_id: str) -> int:
    """Count the crops that a finished task embedded."""
    codec = Codec.connect(connections.registry_url)
    records = (codec.decode(TRACKS, value) for value in _values(connections, TRACKS.name, task_id))
    return sum(track.embedding is not None for record in records for track in record.tracks)


def _values(connections: Connections, topic: str, task_id: str) -> Iterator[bytes]:
    consumer = Consumer({"bootstrap.servers": connections.kafka_bootstrap, "group.id": "spoton-bench"})
    try:
        numbers = sorted(consumer.list_topics(topic, _TIMEOUT_S).topics[topic].partitions)
        ends = {}
        for number in numbers:
            low, high = consumer.get_watermark_offsets(TopicPartition(topic, number), _TIMEOUT_S)
            if high > low:
                ends[number] = high
        consumer.assign([TopicPartition(topic, number, 0) for number in ends])
        while ends:
            message = consumer.poll(_TIMEOUT_S)
            if message is None or message.error() is not None:
                raise RuntimeError(f"the recorded task cannot be read: {message and message.error()}")
            if message.key().decode().startswith(task_id):
                yield message.value()
            if message.offset() + 1 >= ends[message.partition()]:
                del ends[message.partition()]
    finally:
        consumer.close()


class Replay:
    """Says a recording again as a new task of any number of cameras and any length, as fast as the broker takes it.

    Cameras beyond the recorded ones are copies that stand elsewhere and begin at another moment of the recording; a
    task that is longer than the recording goes round.
    """

    def __init__(self, connections: Connections, recording: Recording, cameras: int) -> None:
        self.task_id = str(uuid.uuid4())
        self._producer = RecordProducer(connections.kafka_bootstrap, Codec.connect(connections.registry_url))
        self._start = _start(recording, cameras)
        self._sources = _sources(recording, cameras)
        self.ticks = 0
        for camera_id, pictures in self._sources.items():
            self._producer.send(DETECTIONS, self._mark(pictures[0], camera_id, Kind.START, start=self._start))

    def go_on(self, ticks: int) -> None:
        """Send the next pictures of every camera."""
        for tick in range(self.ticks, self.ticks + ticks):
            for camera_id, pictures in self._sources.items():
                self._producer.send(DETECTIONS, self._picture(pictures[tick % len(pictures)], camera_id, tick))
        self.ticks += ticks

    def end(self) -> None:
        """End every camera's stream."""
        for camera_id, pictures in self._sources.items():
            mark = self._mark(pictures[0], camera_id, Kind.END_OF_TASK, outcome=Outcome.COMPLETED)
            self._producer.send(DETECTIONS, mark)
        self._producer.flush()

    def _picture(self, picture: Detections, camera_id: str, tick: int) -> Detections:
        return replace(
            picture,
            task_id=self.task_id,
            camera_id=camera_id,
            sub_video_batch_index=0,
            global_frame_index=tick,
            camera_frame_index=tick,
            event_time_us=round(tick * 1e6 / self._start.scene.processing_fps),
        )

    def _mark(self, picture: Detections, camera_id: str, kind: Kind, **content: Any) -> Detections:
        return replace(self._picture(picture, camera_id, self.ticks), kind=kind, detections=(), **content)


def wait_until_done(connections: Connections, task_id: str, timeout_s: float) -> None:
    """Wait until the last record of a task is in the database."""
    deadline = time.monotonic() + timeout_s
    with Gateway(connections.gateway_url) as gateway:
        while (task := find_task(gateway, task_id)) is None or not task.ended:
            if time.monotonic() > deadline:
                raise RuntimeError(f"task {task_id} did not end within {timeout_s} s")
            time.sleep(_POLL_S)


def find_task(gateway: Gateway, task_id: str) -> TaskState | None:
    """Return a task's state; None before the database has heard of it."""
    try:
        return gateway.task(task_id)
    except GatewayRefused:
        return None


def _start(recording: Recording, cameras: int) -> TaskStart:
    scene = recording.start.scene
    copies = []
    for number in range(cameras):
        original = scene.cameras[number % len(scene.cameras)]
        shift = _APART_M * (number // len(scene.cameras))
        copies.append(SceneCamera(_name(number), homography=_shifted(original.homography, shift)))
    ids = tuple(camera.camera_id for camera in copies)
    return TaskStart(replace(scene, cameras=tuple(copies), monitored_area=()), ids, recording.start.origin_us)


def _shifted(homography: tuple[float, ...] | None, shift_m: float) -> tuple[float, ...] | None:
    if homography is None:
        return None
    first, last = homography[:3], homography[6:]
    return (*(a + shift_m * w for a, w in zip(first, last, strict=True)), *homography[3:])


def _sources(recording: Recording, cameras: int) -> dict[str, Sequence[Detections]]:
    originals = list(recording.pictures.values())
    sources: dict[str, Sequence[Detections]] = {}
    for number in range(cameras):
        pictures = originals[number % len(originals)]
        later = (number // len(originals)) * 37 % len(pictures)  # copies of a place see other people at a time
        sources[_name(number)] = [*pictures[later:], *pictures[:later]]
    return sources


def _name(number: int) -> str:
    return f"c{number:02}"
