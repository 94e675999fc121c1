"""Hand-made records of a task that two cameras see, and a database of its own for every test module."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from spoton_local.connections import Connections
from spoton_schemas.records import (
    CameraMapPoints,
    IdentityChange,
    IdentityRevision,
    Kind,
    MappedTrack,
    MapPoints,
    Media,
    Outcome,
    PersonPosition,
    Scene,
    SceneCamera,
    Stage,
    StatusKind,
    TaskStart,
    TaskStatus,
)

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


@pytest.fixture
def script() -> Script:
    """A task with a name of its own."""
    return Script()


@pytest.fixture(scope="module")
def database_url(stack: Connections) -> Iterator[str]:
    """An empty database, dropped at the end."""
    server = stack.database_url
    name = f"test_{uuid.uuid4().hex[:12]}"
    asyncio.run(_execute(server, f"CREATE DATABASE {name}"))
    yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    asyncio.run(_execute(server, f"DROP DATABASE {name} WITH (FORCE)"))


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
