"""What a video shows, read from the database: with identities as they are after all revisions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby
from typing import Any

import asyncpg
import orjson

from spoton_gateway.api.models import EventView
from spoton_gateway.queries import events
from spoton_gateway.videos.motion import Track, Walk

MARGIN_S = 4.0
"""What is read around a piece: trails on the floor, gaps over which people stay blurred, captions that still stand."""

_MOST_EVENTS = 20_000

_TASK = """
SELECT t.task_id, t.camera_ids, t.outcome, t.message, t.scene::text AS scene, t.environment_id,
       coalesce(t.origin, t.created_at) AS origin,
       coalesce((SELECT max(revision) FROM identity_revisions r WHERE r.task_id = t.task_id), 0) AS revision
FROM tasks t WHERE t.task_id = $1
"""

_CAMERAS = """
SELECT c.camera_id, f.image_width, f.image_height, extract(epoch FROM l.time - $2::timestamptz)::float AS last_s
FROM tasks t
CROSS JOIN LATERAL unnest(t.camera_ids) AS c (camera_id)
CROSS JOIN LATERAL (
    SELECT image_width, image_height FROM camera_frames f
    WHERE f.task_id = t.task_id AND f.camera_id = c.camera_id ORDER BY f.global_frame_index LIMIT 1
) f
CROSS JOIN LATERAL (
    SELECT time FROM camera_frames l
    WHERE l.task_id = t.task_id AND l.camera_id = c.camera_id ORDER BY l.global_frame_index DESC LIMIT 1
) l
WHERE t.task_id = $1 ORDER BY c.camera_id
"""

# The first picture at or behind a sub-video's first tick tells when that begins.
_MEDIA = """
SELECT m.camera_id, m.sub_video_filename, m.uri, m.start_global_frame_index,
       extract(epoch FROM f.time - $2::timestamptz)::float AS first_s
FROM media m
CROSS JOIN LATERAL (
    SELECT time FROM camera_frames f
    WHERE f.task_id = m.task_id AND f.camera_id = m.camera_id
      AND f.global_frame_index >= m.start_global_frame_index
    ORDER BY f.global_frame_index LIMIT 1
) f
WHERE m.task_id = $1 ORDER BY m.camera_id, m.sub_video_batch_index
"""

_BOXES = """
SELECT camera_id, track_id, class_name, extract(epoch FROM time - $2::timestamptz)::float AS time_s,
       x1_px, y1_px, x2_px, y2_px, global_id
FROM track_points WHERE task_id = $1 AND global_frame_index BETWEEN $3 AND $4
ORDER BY camera_id, track_id, global_frame_index
"""

# Of two positions of one person at one tick (identities that were joined later) the surer one counts.
_PLACES = """
SELECT DISTINCT ON (global_id, global_frame_index) global_id, x_m, y_m,
       extract(epoch FROM time - $2::timestamptz)::float AS time_s
FROM person_positions
WHERE task_id = $1 AND global_frame_index BETWEEN $3 AND $4 AND global_id IS NOT NULL
ORDER BY global_id, global_frame_index, std_m
"""

_FLOOR = """
SELECT min(x_m) AS x1, min(y_m) AS y1, max(x_m) AS x2, max(y_m) AS y2
FROM person_positions WHERE task_id = $1 AND global_id IS NOT NULL
"""

# How much lies in each corner of a camera's picture, over the whole video.
_CORNERS = """
SELECT count(*) FILTER (WHERE x2_px > $3 AND y1_px < $4) AS upper_right,
       count(*) FILTER (WHERE x1_px < $5 AND y1_px < $4) AS upper_left,
       count(*) FILTER (WHERE x2_px > $3 AND y2_px > $6) AS lower_right,
       count(*) FILTER (WHERE x1_px < $5 AND y2_px > $6) AS lower_left
FROM track_points WHERE task_id = $1 AND camera_id = $2
"""


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """A camera of the task that has pictures; sizes in pixels as shown (rotation applied).

    ``last_s``: scene time of its last picture that was processed.
    """

    camera_id: str
    image_width: int
    image_height: int
    last_s: float
    clock_offset_s: float
    on_floor: bool


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """A sub-video: where it lies, the tick and the scene time of its first picture that was processed."""

    camera_id: str
    filename: str
    uri: str
    first_tick: int
    first_s: float


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """A task that has ended; ``origin``: wall-clock time of scene time 0, ``origin_s``: scene time of tick 0."""

    task_id: str
    outcome: str
    message: str | None
    revision: int
    scene: Mapping[str, Any]
    origin: object
    origin_s: float
    cameras: tuple[CameraFacts, ...]
    media: tuple[MediaFacts, ...]

    @property
    def processing_fps(self) -> float:
        """Ticks a second."""
        return float(self.scene.get("processing_fps", 1.0))

    def tick_at(self, time_s: float) -> int:
        """Return the tick at a scene time."""
        return int((time_s - self.origin_s) * self.processing_fps)


@dataclass(frozen=True, slots=True)
class PieceFacts:
    """What happens around a piece: tracks by camera, ways on the floor, events."""

    tracks: Mapping[str, Sequence[Track]] = field(default_factory=dict)
    walks: Sequence[Walk] = ()
    events: Sequence[EventView] = ()


async def read_task(connection: asyncpg.Connection, task_id: str) -> TaskFacts | None:
    """Return what is known of a task; None if there is none."""
    row = await connection.fetchrow(_TASK, task_id)
    if row is None:
        return None
    scene = orjson.loads(row["scene"]) if row["scene"] else {}
    described = {camera["camera_id"]: camera for camera in scene.get("cameras", [])}
    offsets = [described.get(camera_id, {}).get("clock_offset_s", 0.0) for camera_id in row["camera_ids"]]
    cameras = []
    for found in await connection.fetch(_CAMERAS, task_id, row["origin"]):
        known = described.get(found["camera_id"], {})
        offset, on_floor = known.get("clock_offset_s", 0.0), known.get("homography") is not None
        cameras.append(CameraFacts(**found, clock_offset_s=offset, on_floor=on_floor))
    media = tuple(
        MediaFacts(m["camera_id"], m["sub_video_filename"], m["uri"], m["start_global_frame_index"], m["first_s"])
        for m in await connection.fetch(_MEDIA, task_id, row["origin"])
    )
    origin_s = min(offsets, default=0.0)  # as ingest has it
    known = (task_id, row["outcome"], row["message"], row["revision"], scene, row["origin"], origin_s)
    return TaskFacts(*known, tuple(cameras), media)


async def read_piece(connection: asyncpg.Connection, task: TaskFacts, from_s: Fraction, to_s: Fraction) -> PieceFacts:
    """Return what happens from one scene time to another, and some seconds around."""
    first, last = float(from_s) - MARGIN_S, float(to_s) + MARGIN_S
    ticks = (task.tick_at(first) - 1, task.tick_at(last) + 1)
    boxes = await connection.fetch(_BOXES, task.task_id, task.origin, *ticks)
    places = await connection.fetch(_PLACES, task.task_id, task.origin, *ticks)
    wanted = events.Wanted(from_s=first, to_s=last)
    page = await events.page(connection, task.task_id, wanted, None, _MOST_EVENTS)
    return PieceFacts(_tracks(boxes), _walks(places), page.items)


async def read_floor_extent(connection: asyncpg.Connection, task_id: str) -> tuple[float, float, float, float] | None:
    """Return the rectangle in which people were, metres: x1, y1, x2, y2; None if nobody was on the floor."""
    row = await connection.fetchrow(_FLOOR, task_id)
    return None if row["x1"] is None else (row["x1"], row["y1"], row["x2"], row["y2"])


async def read_emptiest_corner(
    connection: asyncpg.Connection, task_id: str, camera: CameraFacts, width_px: float, height_px: float
) -> str:
    """Return the corner of a camera's picture in which the fewest boxes lie, for something so large."""
    right, bottom = camera.image_width - width_px, camera.image_height - height_px
    row = await connection.fetchrow(_CORNERS, task_id, camera.camera_id, right, height_px, width_px, bottom)
    return str(min(row.keys(), key=lambda corner: row[corner]))


def _tracks(rows: Sequence[asyncpg.Record]) -> dict[str, list[Track]]:
    found: dict[str, list[Track]] = {}
    for (camera_id, track_id), group in groupby(rows, key=lambda r: (r["camera_id"], r["track_id"])):
        points = list(group)
        track = Track(
            track_id,
            points[0]["class_name"],
            [p["time_s"] for p in points],
            [(p["x1_px"], p["y1_px"], p["x2_px"], p["y2_px"]) for p in points],
            [p["global_id"] for p in points],
        )
        found.setdefault(camera_id, []).append(track)
    return found


def _walks(rows: Sequence[asyncpg.Record]) -> list[Walk]:
    return [
        Walk(global_id, [p["time_s"] for p in points], [(p["x_m"], p["y_m"]) for p in points])
        for global_id, points in ((key, list(group)) for key, group in groupby(rows, key=lambda r: r["global_id"]))
    ]
