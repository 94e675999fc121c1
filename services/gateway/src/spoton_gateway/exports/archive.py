"""A task's zip, written row by row into a temporary file."""

import asyncio
import tempfile
import zipfile
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, replace
from typing import IO, Literal

import asyncpg
import orjson

from spoton_gateway.exports.formats import Row, csv_lines, json_lines, mot_lines
from spoton_gateway.queries import tasks
from spoton_gateway.queries.as_of import IdentityView

Format = Literal["mot", "csv", "json"]

_FETCH_ROWS = 5000
_IN_MEMORY_BYTES = 8 << 20  # larger archives go to disk

# One identity may have two boxes in one picture (a split detection): the surer one counts. It stands where the identity
# was at that tick after fusion over cameras and smoothing (two such positions, of identities joined later, are averaged
# by their variances); where there is none, where the box meets the floor. One index look-up a box: a join could
# be planned badly for a task of which there are no statistics yet.
_MOT = """
SELECT b.camera_frame_index, b.id, b.x1_px, b.y1_px, b.x2_px, b.y2_px, b.confidence,
       coalesce(f.x_m, b.x_m) AS x_m, coalesce(f.y_m, b.y_m) AS y_m
FROM (
    SELECT DISTINCT ON (camera_frame_index, {id}) camera_frame_index, global_frame_index, {id} AS id,
           x1_px, y1_px, x2_px, y2_px, confidence, x_m, y_m
    FROM {boxes} WHERE task_id = $1 AND camera_id = $2 AND {id} IS NOT NULL
    ORDER BY camera_frame_index, {id}, confidence DESC, track_id
) b
CROSS JOIN LATERAL (
    SELECT sum(p.x_m * w.weight) / sum(w.weight) AS x_m, sum(p.y_m * w.weight) / sum(w.weight) AS y_m
    FROM {positions} p CROSS JOIN LATERAL (SELECT 1 / greatest(p.std_m * p.std_m, 1e-6) AS weight) w
    WHERE p.task_id = $1 AND p.{id} = b.id AND p.global_frame_index = b.global_frame_index
) f
ORDER BY b.camera_frame_index, b.id
"""

_TRACKS = """
SELECT camera_id, global_frame_index, camera_frame_index, time, track_id, {id} AS global_id, identity_confidence,
       x1_px, y1_px, x2_px, y2_px, confidence, class_name, x_m, y_m, identity_revision
FROM {boxes} WHERE task_id = $1 ORDER BY global_frame_index, camera_id, track_id
"""

_POSITIONS = """
SELECT global_frame_index, time, {id} AS global_id, x_m, y_m, vx_m_s, vy_m_s, std_m, camera_ids
FROM {positions} WHERE task_id = $1 AND {id} IS NOT NULL ORDER BY global_frame_index, {id}, std_m
"""

# Positions of the past are worked out from their boxes: once, not once a box.
_PREPARE_POSITIONS = """
CREATE TEMP TABLE positions_then ON COMMIT DROP AS SELECT * FROM person_positions_as_of('', 0) WITH NO DATA;
CREATE INDEX ON positions_then (global_frame_index, global_id);
"""


@dataclass(frozen=True, slots=True)
class Archive:
    """A finished zip."""

    filename: str
    file: IO[bytes]

    async def chunks(self, size: int) -> AsyncIterator[bytes]:
        """Yield its bytes and close it."""
        with self.file:
            while chunk := await asyncio.to_thread(self.file.read, size):
                yield chunk


@dataclass(frozen=True, slots=True)
class _Entry:
    """One file of the archive."""

    name: str
    query: str
    arguments: tuple[str, ...]
    write: Callable[[Iterable[Row]], str]
    header: str = ""


async def write_archive(
    connection: asyncpg.Connection, task_id: str, format_: Format, identities: IdentityView
) -> Archive:
    """Write a task's boxes and positions with these identities; ``NotFound``."""
    file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115 (closed by chunks)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        # All files show the same moment.
        async with connection.transaction(isolation="repeatable_read"):
            await _write_entries(connection, archive, task_id, format_, identities)
    file.seek(0)
    return Archive(f"{task_id}-{format_}-{identities.name}.zip", file)


async def _write_entries(
    connection: asyncpg.Connection, archive: zipfile.ZipFile, task_id: str, format_: Format, identities: IdentityView
) -> None:
    status = await tasks.status(connection, task_id)
    if format_ == "json":
        known = {"name": identities.name, "as_of_revision": identities.revision}
        scene = await tasks.scene_of(connection, task_id)
        about = {"task": status.model_dump(mode="json"), "identities": known, "scene": scene}
        archive.writestr("task.json", orjson.dumps(about, option=orjson.OPT_INDENT_2))
    if identities.worked_out:
        await connection.execute(_PREPARE_POSITIONS)
        await connection.execute(f"INSERT INTO positions_then SELECT * FROM {identities.positions}", task_id)  # noqa: S608
        await connection.execute("ANALYZE positions_then")
        identities = replace(identities, positions="positions_then")
    for entry in _entries(task_id, format_, identities, status.camera_ids):
        await _write(connection, archive, entry)


def _entries(task_id: str, format_: Format, identities: IdentityView, camera_ids: list[str]) -> list[_Entry]:
    def read(query: str) -> str:
        return query.format(id=identities.column, boxes=identities.boxes, positions=identities.positions)

    if format_ == "mot":
        query = read(_MOT)
        return [_Entry(f"{camera}.txt", query, (task_id, camera), mot_lines) for camera in camera_ids]
    tables = {"tracks": read(_TRACKS), "positions": read(_POSITIONS)}
    if format_ == "csv":
        return [_Entry(f"{n}.csv", q, (task_id,), csv_lines, _csv_header(q)) for n, q in tables.items()]
    return [_Entry(f"{n}.jsonl", q, (task_id,), json_lines) for n, q in tables.items()]


def _csv_header(query: str) -> str:
    columns = query.partition("SELECT")[2].partition("FROM")[0].split(",")
    return ",".join(column.split()[-1] for column in columns) + "\n"


async def _write(connection: asyncpg.Connection, archive: zipfile.ZipFile, entry: _Entry) -> None:
    rows = await connection.cursor(entry.query, *entry.arguments)
    with archive.open(entry.name, "w") as out:
        out.write(entry.header.encode())
        while found := await rows.fetch(_FETCH_ROWS):
            text = await asyncio.to_thread(entry.write, found)
            await asyncio.to_thread(out.write, text.encode())
