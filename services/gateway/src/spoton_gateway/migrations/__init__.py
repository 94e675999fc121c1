"""Numbered SQL files, each run once, in order, by whichever process comes first.

``NNN_name.sql`` always runs. ``NNN_name.requires-EXTENSION.sql`` runs once the server offers that extension: at this
start, or at a later one if it is installed afterwards.
"""

from dataclasses import dataclass
from importlib.resources import files

import asyncpg
from spoton_common.logging import get_logger

from spoton_gateway.errors import MigrationFailed

_log = get_logger()

_LOCK = 7215100  # any number that nothing else in the database uses
_PRELOADED = frozenset({"timescaledb"})  # extensions that exist only where the server was started with them


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its name without the suffix, its SQL, the extension that it needs."""

    name: str
    sql: str
    requires: str | None


def migrations() -> list[Migration]:
    """Return the files of this version in order."""
    folder = files("spoton_gateway.migrations") / "sql"
    found = []
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        name, _, requires = entry.name.removesuffix(".sql").partition(".requires-")
        found.append(Migration(name, entry.read_text(encoding="utf-8"), requires or None))
    return found


async def migrate(connection: asyncpg.Connection) -> list[str]:
    """Run what has not run yet and return the names; ``MigrationFailed`` names the file that did not pass."""
    await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
    try:
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations"
            " (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        return await _run_missing(connection)
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", _LOCK)


async def _run_missing(connection: asyncpg.Connection) -> list[str]:
    done = {row["name"] for row in await connection.fetch("SELECT name FROM schema_migrations")}
    run = []
    for migration in migrations():
        if migration.name in done or not await _possible(connection, migration.requires):
            continue
        try:
            async with connection.transaction():
                await connection.execute(migration.sql)
                await connection.execute("INSERT INTO schema_migrations (name) VALUES ($1)", migration.name)
        except asyncpg.PostgresError as error:
            raise MigrationFailed(f"{migration.name}: {error}") from error
        _log.info("migration applied", migration=migration.name)
        run.append(migration.name)
    return run


async def _possible(connection: asyncpg.Connection, extension: str | None) -> bool:
    if extension is None:
        return True
    if extension in _PRELOADED:
        loaded = await connection.fetchval("SELECT current_setting('shared_preload_libraries')")
        if extension not in loaded:
            return False
    available = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = $1)", extension
    )
    return bool(available)
