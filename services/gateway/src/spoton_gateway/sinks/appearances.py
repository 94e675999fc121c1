"""What identities look like → ``identity_appearances``, where the database has pgvector.

One row an identity: that of its newest tick, of the same tick the one that was told last. Rows of identities that were
merged into others stay until their task is complete, because only then is it sure that no box of theirs is on its way;
whoever reads must pass over identities without boxes until then.
"""

import struct
from collections.abc import Collection, Sequence

import asyncpg
from spoton_common import metrics
from spoton_schemas.records import Appearance

from spoton_gateway.sinks.rows import Row

_STAGE = "sink"
_COLUMNS = ("task_id", "global_id", "environment_id", "model", "global_frame_index", "crops", "embedding")

_UPSERT = f"""
INSERT INTO identity_appearances AS a ({", ".join(_COLUMNS)}) VALUES ($1, $2, $3, $4, $5, $6, $7::real[]::vector)
ON CONFLICT (task_id, global_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[2:])}
WHERE excluded.global_frame_index >= a.global_frame_index
"""  # noqa: S608 (names are ours)

_PRUNE = """
DELETE FROM identity_appearances a USING tasks t
WHERE a.task_id = t.task_id AND t.task_id = ANY ($1::text[]) AND t.outcome IS NOT NULL
  AND (SELECT count(*) FROM identity_revisions r WHERE r.task_id = t.task_id) >= t.final_revision
  AND NOT EXISTS (SELECT FROM track_points p WHERE p.task_id = a.task_id AND p.global_id = a.global_id)
"""


class AppearanceTable:
    """The table, if there is one."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self._exists = False

    async def prepare(self) -> None:
        """See whether the table is there."""
        self._exists = await self._connection.fetchval("SELECT to_regclass('identity_appearances') IS NOT NULL")

    async def write(self, rows: Sequence[Row]) -> None:
        """Write rows of ``appearance_row``, in the order in which they were told."""
        if self._exists:
            await self._connection.executemany(_UPSERT, rows)
        elif rows:
            metrics.DROPPED.labels(_STAGE, "no_pgvector").inc(len(rows))

    async def prune(self, task_ids: Collection[str]) -> None:
        """Remove identities that complete tasks do not have any more."""
        if self._exists:
            await self._connection.execute(_PRUNE, list(task_ids))


def appearance_row(record: Appearance) -> Row:
    """Turn an appearance into a row of the table; the embedding as a list."""
    embedding = list(struct.unpack(f"<{len(record.embedding) // 4}f", record.embedding))
    who = (record.task_id, record.global_id, record.environment_id, record.model)
    return (*who, record.global_frame_index, record.crops, embedding)
