"""The table ``jobs``: what is written to it."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from spoton_gateway.errors import NotFound
from spoton_gateway.uploads.limits import Clip

_INSERT = """
INSERT INTO jobs (job_id, file_key, owner, file_name, uri, size_bytes, container, codec, width, height, frames,
                  duration_s, fps, classes, uploaded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
"""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was accepted; ``job_id`` is that of the job that will process it."""

    job_id: str
    file_key: str
    owner: str
    file_name: str
    uri: str
    size_bytes: int
    clip: Clip
    classes: tuple[str, ...]
    uploaded_at: datetime


async def insert(connection: asyncpg.Connection, upload: Upload) -> None:
    """Note a file that is about to be stored."""
    clip = upload.clip
    await connection.execute(
        _INSERT,
        upload.job_id,
        upload.file_key,
        upload.owner,
        upload.file_name,
        upload.uri,
        upload.size_bytes,
        clip.container,
        clip.codec,
        clip.width,
        clip.height,
        clip.frames,
        clip.duration_s,
        clip.fps,
        list(upload.classes),
        upload.uploaded_at,
    )


async def mark_stored(connection: asyncpg.Connection, job_id: str) -> None:
    """Note that the file is where its row says."""
    await connection.execute("UPDATE jobs SET stored = true WHERE job_id = $1", job_id)


async def delete(connection: asyncpg.Connection, job_id: str) -> None:
    """Forget a job."""
    await connection.execute("DELETE FROM jobs WHERE job_id = $1", job_id)


async def queue(connection: asyncpg.Connection, file_key: str, now: datetime) -> str:
    """Let an upload wait for its turn and return the job's id; asked again, it is the same job. ``NotFound``."""
    job_id = await connection.fetchval(
        "UPDATE jobs SET queued_at = coalesce(queued_at, $2)"
        " WHERE file_key = $1 AND stored AND removed_at IS NULL RETURNING job_id",
        file_key,
        now,
    )
    if job_id is None:
        raise NotFound(f"there is no upload {file_key!r}")
    return str(job_id)


def upload_of(row: asyncpg.Record) -> Upload:
    """Read a row."""
    clip = Clip(
        row["container"],
        row["codec"],
        row["width"],
        row["height"],
        row["frames"],
        row["duration_s"],
        row["fps"],
    )
    return Upload(
        row["job_id"],
        row["file_key"],
        row["owner"],
        row["file_name"],
        row["uri"],
        row["size_bytes"],
        clip,
        tuple(row["classes"]),
        row["uploaded_at"],
    )
