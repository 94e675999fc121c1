"""Files of videos that nobody needs any more: of removed tasks, of long ago, of killed processes."""

import asyncio
import shutil
from datetime import timedelta
from pathlib import Path

import asyncpg
from spoton_common.logging import get_logger
from spoton_common.storage import Storage, StorageError

from spoton_gateway.videos.making import SOURCES, WORK_PREFIX

_log = get_logger()

_AGAIN_AFTER = timedelta(hours=1)
"""A process that was publishing a file while its row went may do so a little later: it is looked for once more."""

_TO_REMOVE = """
SELECT uri, done FROM removed_videos WHERE NOT done OR removed_at < now() - $1::interval
LIMIT 100 FOR UPDATE SKIP LOCKED
"""

_EXPIRE = """
UPDATE videos SET status = 'expired', uri = NULL WHERE status = 'finished' AND used_at < now() - $1::interval
"""

# Asked for while its task was removed.
_ORPHANS = "DELETE FROM videos v WHERE NOT EXISTS (SELECT FROM tasks t WHERE t.task_id = v.task_id)"

_IN_WORK = "SELECT video_id FROM videos WHERE status IN ('waiting', 'making')"


async def remove_files(connection: asyncpg.Connection, storage: Storage) -> None:
    """Remove the files of videos whose rows have gone; what cannot be reached now is tried again."""
    async with connection.transaction():
        for row in await connection.fetch(_TO_REMOVE, _AGAIN_AFTER):
            try:
                await storage.remove(row["uri"])
            except (StorageError, OSError) as error:
                _log.warning("a removed video's file cannot be removed yet", error=str(error))
                continue
            if row["done"]:
                await connection.execute("DELETE FROM removed_videos WHERE uri = $1", row["uri"])
            else:
                await connection.execute("UPDATE removed_videos SET done = true WHERE uri = $1", row["uri"])


async def forget(connection: asyncpg.Connection, folder: Path, keep_days: float) -> None:
    """Remove videos that nobody asked for in a long time, and what killed processes left of removed ones."""
    await connection.execute(_ORPHANS)
    await connection.execute(_EXPIRE, timedelta(days=keep_days))
    found = await asyncio.to_thread(lambda: list(folder.glob(f"{WORK_PREFIX}*")))  # before the rows: none is too new
    in_work = {row["video_id"] for row in await connection.fetch(_IN_WORK)}
    for path in found:
        if path.name.removeprefix(WORK_PREFIX).partition(SOURCES)[0] not in in_work:
            await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)


def remove_work(folder: Path, video_id: str) -> None:
    """Remove what there is of an unfinished video."""
    shutil.rmtree(folder / f"{WORK_PREFIX}{video_id}", ignore_errors=True)
