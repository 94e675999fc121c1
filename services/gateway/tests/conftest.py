"""Hand-made records of a task that two cameras see, and a database of its own for every test module."""

import asyncio
import os
import signal
import struct
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx
import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.schema_registry import SchemaRegistryClient
from spoton_common.kafka.producer import RecordProducer
from spoton_schemas.apply import create_topics, register_schemas
from spoton_schemas.codec import Codec
from spoton_schemas.records import (
    END_OF_EVENTS,
    Appearance,
    CameraMapPoints,
    Event,
    IdentityChange,
    IdentityRevision,
    Kind,
    MappedTrack,
    MapPoints,
    Media,
    Outcome,
    PersonPosition,
    Point,
    Scene,
    SceneCamera,
    Stage,
    StatusKind,
    TaskStart,
    TaskStatus,
)
from spoton_schemas.topics import EVENTS, TOPICS

if TYPE_CHECKING:  # the local stack is no part of the service: its unit tests run without it
    from spoton_local.connections import Connections

FPS = 10.0
CAMERAS = ("c1", "c2")


@dataclass(frozen=True)
class Script:
    """Writes the records of one task: two cameras, ticks at 10 a second, person 1 seen by both as tracks 1 and 11."""

    task_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    environment_id: str = "yard"
    origin_us: int = 1_700_000_000_000_000

    @property
    def ids(self) -> dict[str, str]:
        return {"task_id": self.task_id, "environment_id": self.environment_id}

    def scene(self) -> Scene:
        cameras = tuple(SceneCamera(c, (f"file:///videos/{c}/a.mp4", f"file:///videos/{c}/b.mp4")) for c in CAMERAS)
        return Scene(self.environment_id, "Yard", FPS, cameras)

    def start(self) -> MapPoints:
        start = TaskStart(self.scene(), CAMERAS, self.origin_us)
        return self._tick(Kind.START, 0, start=start)

    def frame(self, tick: int, *, revision: int = 0, ids: tuple[int | None, int | None] = (1, 1)) -> MapPoints:
        tracks = [
            MappedTrack(
                track_id=track_id,
                bbox_xyxy=(10.0 + tick, 20.0, 30.0 + tick, 80.0),
                confidence=0.9,
                class_id=0,
                class_name="person",
                global_id=global_id,
                identity_confidence=0.8 if global_id else None,
                map_x_m=0.1 * tick,
                map_y_m=2.0,
            )
            for track_id, global_id in zip((1, 11), ids, strict=True)
        ]
        cameras = tuple(
            CameraMapPoints(
                camera_id=camera_id,
                camera_frame_index=tick,
                event_time_us=tick * 100_000,
                image_width=640,
                image_height=480,
                tracks=(track,),
            )
            for camera_id, track in zip(CAMERAS, tracks, strict=True)
        )
        people = tuple(
            self.person(global_id, tick, tuple(c for c, g in zip(CAMERAS, ids, strict=True) if g == global_id))
            for global_id in sorted({g for g in ids if g is not None})
        )
        return self._tick(Kind.FRAME, tick, identity_revision=revision, cameras=cameras, people=people)

    def person(self, global_id: int, tick: int, camera_ids: tuple[str, ...]) -> PersonPosition:
        return PersonPosition(
            global_id=global_id, x_m=0.1 * tick, y_m=2.0, vx_m_s=1.0, vy_m_s=0.0, std_m=0.1, camera_ids=camera_ids
        )

    def foretold(self, tick: int, global_id: int, *, revision: int = 0) -> MapPoints:
        frame = self.frame(tick, revision=revision, ids=(None, None))
        return replace(frame, people=(self.person(global_id, tick, ()),))

    def end_of_segment(self, tick: int, batch: int) -> MapPoints:
        return replace(self._tick(Kind.END_OF_SEGMENT, tick), sub_video_batch_index=batch)

    def end_of_events(self, tick: int) -> Event:
        """The answer of the events process to the end."""
        when = {"global_frame_index": tick, "event_time_us": tick * 100_000}
        return Event(**self.ids, event_id=END_OF_EVENTS, type=END_OF_EVENTS, **when)

    def end(self, tick: int, *, revision: int = 0, outcome: Outcome = Outcome.COMPLETED) -> MapPoints:
        return self._tick(Kind.END_OF_TASK, tick, identity_revision=revision, outcome=outcome)

    def revision(self, number: int, *changes: tuple[str, int, int, int, int | None, int | None]) -> IdentityRevision:
        listed = tuple(
            IdentityChange(
                camera_id=camera_id,
                track_id=track_id,
                first_frame_index=first,
                last_frame_index=last,
                old_global_id=old,
                new_global_id=new,
            )
            for camera_id, track_id, first, last, old, new in changes
        )
        return IdentityRevision(**self.ids, revision=number, global_frame_index=100, changes=listed)

    def appearance(
        self, global_id: int, tick: int, embedding: Sequence[float], *, model: str = "colours", crops: float = 5.0
    ) -> Appearance:
        return Appearance(
            **self.ids,
            global_id=global_id,
            global_frame_index=tick,
            model=model,
            embedding=struct.pack(f"<{len(embedding)}f", *embedding),
            crops=crops,
        )

    def status(self, kind: StatusKind, **fields: object) -> TaskStatus:
        values = {"stage": Stage.INGEST, **self.ids, "kind": kind, **fields}
        return TaskStatus(**values)  # type: ignore[arg-type]

    def accepted(self) -> TaskStatus:
        return self.status(StatusKind.ACCEPTED, stage=Stage.GATEWAY, camera_ids=CAMERAS)

    def media(self, camera_id: str, batch: int, *, frames: int = 10, last: bool = False, uri: str = "") -> TaskStatus:
        name = "ab"[batch] + ".mp4"
        media = Media(
            sub_video_filename=name,
            uri=uri or f"file:///videos/{camera_id}/{name}",
            start_global_frame_index=batch * frames,
            num_frames_in_sub_video=frames,
            last=last,
        )
        return self.status(StatusKind.MEDIA_AVAILABLE, camera_id=camera_id, sub_video_batch_index=batch, media=media)

    def progress(self, stage: Stage, camera_id: str | None, frames: int, *, ended: bool = False) -> TaskStatus:
        kind = StatusKind.ENDED if ended else StatusKind.PROGRESS
        return self.status(kind, stage=stage, camera_id=camera_id, frames_done=frames, global_frame_index=frames)

    def camera_failed(self, camera_id: str, message: str) -> TaskStatus:
        return self.status(StatusKind.CAMERA_FAILED, camera_id=camera_id, message=message)

    def _tick(self, kind: Kind, tick: int, **fields: object) -> MapPoints:
        values = {
            **self.ids,
            "kind": kind,
            "sub_video_batch_index": 0,
            "global_frame_index": tick,
            "event_time_us": tick * 100_000,
            **fields,
        }
        return MapPoints(**values)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Known:
    """Identities after some revisions, by the rule that clients are told: no SQL, no order of arrival.

    Boxes by camera, track and tick; fused positions by tick and the identity with which they were published.
    """

    boxes: dict[tuple[str, int, int], int | None]
    positions: dict[tuple[int, int], int | None]

    @classmethod
    def after(cls, frames: Sequence[MapPoints], revisions: Sequence[IdentityRevision], newest: int) -> "Known":
        boxes = {}
        for frame in frames:
            later = [r for r in revisions if frame.identity_revision < r.revision <= newest]
            for camera in frame.cameras:
                for track in camera.tracks:
                    key = (camera.camera_id, track.track_id, frame.global_frame_index)
                    boxes[key] = _corrected(key, track.global_id, later)
        return cls(boxes, cls._positions(frames, boxes))

    @staticmethod
    def _positions(
        frames: Sequence[MapPoints], boxes: dict[tuple[str, int, int], int | None]
    ) -> dict[tuple[int, int], int | None]:
        found, seen = {}, dict[int, set[int | None]]()  # by published identity: what its boxes say where last seen
        for frame in sorted(frames, key=lambda f: f.global_frame_index):
            tick = frame.global_frame_index
            for person in frame.people:
                if person.camera_ids:
                    seen[person.global_id] = {
                        boxes[camera.camera_id, track.track_id, tick]
                        for camera in frame.cameras
                        for track in camera.tracks
                        if camera.camera_id in person.camera_ids and track.global_id == person.global_id
                    }
                now = seen.get(person.global_id, {person.global_id})
                found[tick, person.global_id] = next(iter(now)) if len(now) == 1 else None
        return found


def _corrected(key: tuple[str, int, int], published: int | None, revisions: Sequence[IdentityRevision]) -> int | None:
    camera_id, track_id, tick = key
    identity = published
    for revision in sorted(revisions, key=lambda r: r.revision):
        for change in revision.changes:
            same = (change.camera_id, change.track_id) == (camera_id, track_id)
            if same and change.first_frame_index <= tick <= change.last_frame_index:
                identity = change.new_global_id
    return identity


@pytest.fixture(scope="session")
def known() -> type[Known]:
    """Say what is known of identities after some revisions."""
    return Known


@pytest.fixture
def event() -> Callable[..., Event]:
    """Make an event of a script's task."""

    def make(script: Script, event_id: str, tick: int) -> Event:
        return Event(
            **script.ids,
            event_id=event_id,
            type="zone_entered",
            global_frame_index=tick,
            event_time_us=tick * 100_000,
            global_id=1,
            place="door",
            position=Point(1.0, 2.0),
            details={"why": "it is open"},
        )

    return make


@pytest.fixture(scope="session")
def new_script() -> type[Script]:
    """Make tasks."""
    return Script


@pytest.fixture
def script() -> Script:
    """A task with a name of its own."""
    return Script()


@pytest.fixture(scope="module")
def database_url(stack: "Connections") -> Iterator[str]:
    """An empty database, dropped at the end."""
    server = stack.database_url
    name = f"test_{uuid.uuid4().hex[:12]}"
    asyncio.run(_execute(server, f"CREATE DATABASE {name}"))
    yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    asyncio.run(_execute(server, f"DROP DATABASE {name} WITH (FORCE)"))


@dataclass
class Processes:
    """The gateway and the sink as processes of their own, on the real servers."""

    environment: dict[str, str]
    port: int
    folder: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws/tracking"

    def start(self, module: str, port: int, **settings: str) -> None:
        environment = {**os.environ, **self.environment, "SPOTON_HTTP_PORT": str(port), **settings}
        log = (self.folder / f"{module}.log").open("ab")
        self.running[module] = subprocess.Popen([sys.executable, "-m", module], env=environment, stderr=log)

    def start_gateway(self, **settings: str) -> None:
        self.start("spoton_gateway", self.port, **settings)
        self.wait_until_ready(self.port)

    def start_all(self, **settings: str) -> None:
        self.start("spoton_gateway.sinks", self.port + 1)
        self.start("spoton_gateway", self.port, **settings)
        self.wait_until_ready(self.port + 1)
        self.wait_until_ready(self.port)

    def wait_until_ready(self, port: int) -> None:
        self.wait_until(lambda: httpx.get(f"http://127.0.0.1:{port}/health").status_code == 200)

    def log(self, module: str) -> str:
        return (self.folder / f"{module}.log").read_text()

    def stop(self, module: str) -> int:
        process = self.running.pop(module)
        process.send_signal(signal.SIGTERM)
        return process.wait(30)

    def wait_until(self, condition: Callable[[], object], timeout_s: float = 60.0) -> None:
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                if condition():
                    return
            except httpx.TransportError:
                pass
            for module, process in self.running.items():
                assert process.poll() is None, self.log(module)[-3000:]
            assert time.monotonic() < deadline, "the condition did not come true in time"
            time.sleep(0.05)


@pytest.fixture(scope="module")
def producer(stack: "Connections") -> RecordProducer:
    """A producer of hand-made records; the topics exist."""
    create_topics(AdminClient({"bootstrap.servers": stack.kafka_bootstrap}))
    register_schemas(SchemaRegistryClient({"url": stack.registry_url}))
    return RecordProducer(stack.kafka_bootstrap, Codec.connect(stack.registry_url))


@pytest.fixture(scope="module")
def say(producer: RecordProducer) -> Callable[..., None]:
    """Write records to the topics of their types and wait until Kafka has them.

    The end of a task is answered as by the events process, unless ``answered`` is false.
    """

    def write(*records: object, headers: dict[str, bytes] | None = None, answered: bool = True) -> None:
        for record in records:
            topic = next(topic for topic in TOPICS.values() if topic.record_type is type(record))
            producer.send(topic, record, headers)
            if answered and isinstance(record, MapPoints) and record.kind is Kind.END_OF_TASK:
                script = Script(record.task_id, record.environment_id)
                producer.send(EVENTS, script.end_of_events(record.global_frame_index))
        producer.flush(20)

    return write


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder whose files the gateway may read."""
    return tmp_path_factory.mktemp("videos")


@pytest.fixture(scope="module")
def processes(
    stack: "Connections",
    database_url: str,
    producer: RecordProducer,  # noqa: ARG001 (the topics must exist)
    videos: Path,
    tmp_path_factory: pytest.TempPathFactory,
    free_port_base: Callable[[], int],
    request: pytest.FixtureRequest,
) -> Iterator[Processes]:
    """A running gateway and sink, on an empty database; with the module's GATEWAY_SETTINGS."""
    settings = {
        **stack.as_environment(),
        "SPOTON_DATABASE_URL": database_url,
        "SPOTON_FILE_ROOTS": f'["{videos}"]',
        "SPOTON_GATEWAY_UPLOAD_DIR": str(videos / "uploads"),
        "SPOTON_VIDEOS_DIR": str(videos / "annotated"),
    }
    started = Processes(settings, free_port_base(), tmp_path_factory.mktemp("logs"))
    try:
        started.start_all(**getattr(request.module, "GATEWAY_SETTINGS", {}))
        yield started
    finally:
        for module in list(started.running):
            started.stop(module)


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to it."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()
