"""An upload from its first byte to a row and a file that stay."""

import asyncio
import uuid
from datetime import UTC, datetime
from pathlib import Path

from fastapi import Request
from spoton_common import metrics
from spoton_common.storage import Storage

from spoton_gateway.database import Database
from spoton_gateway.errors import GatewayError, Unavailable
from spoton_gateway.jobs import rows
from spoton_gateway.jobs.rows import Upload
from spoton_gateway.uploads.incoming import Incoming, room_for
from spoton_gateway.uploads.limits import Clip, Limits
from spoton_gateway.uploads.probing import probe
from spoton_gateway.uploads.receiving import Patience, receive
from spoton_gateway.uploads.settings import UploadSettings


class UploadService:
    """Takes files; what is refused, cut off or killed on the way leaves nothing."""

    def __init__(self, database: Database, storage: Storage, settings: UploadSettings) -> None:
        self._database = database
        self._storage = storage
        self._settings = settings
        self._patience = Patience(settings.stall_s, settings.timeout_s)
        self._places = settings.max_at_once
        self._probing = asyncio.Semaphore(1)  # each look may take a core and two gigabytes

    async def take(self, request: Request, owner: str, classes: tuple[str, ...] | None, *, small: bool) -> Upload:
        """Receive, look into and keep a file.

        ``BadUpload``, ``SlowUpload``, ``TooLarge``, ``UnsupportedMedia``, ``UnusableUpload``, ``StorageFull``,
        ``Unavailable``, and errors of storage.
        """
        if not self._places:
            raise Unavailable("upload", f"{self._settings.max_at_once} are on their way already, try again later")
        self._places -= 1
        try:
            kept = await self._take(request, owner, classes or self._settings.classes, small)
        except GatewayError as error:
            metrics.UPLOADS.labels("gateway", type(error).__name__).inc()
            raise
        finally:
            self._places += 1
        metrics.UPLOADS.labels("gateway", "accepted").inc()
        return kept

    async def _take(self, request: Request, owner: str, classes: tuple[str, ...], small: bool) -> Upload:
        await self._database.check()  # nobody sends a hundred megabytes for nothing
        limits = Limits.of_small(self._settings) if small else Limits.of(self._settings)
        with Incoming(self._settings.dir) as incoming:
            form = await receive(request, incoming, limits, self._patience)
            assert form.name is not None
            async with self._probing:
                clip = await probe(incoming.path, limits.max_pixels, self._settings.probe_s)
            limits.check(clip, form.promised)
            upload = self._upload(form.name, incoming.size_bytes, clip, owner, classes)
            await self._keep(incoming.path, upload)
        return upload

    def _upload(self, name: str, size_bytes: int, clip: Clip, owner: str, classes: tuple[str, ...]) -> Upload:
        job_id = str(uuid.uuid4())
        file_key = f"{job_id}.{clip.container}"
        bucket = self._settings.bucket
        uri = f"{bucket}/{file_key}" if bucket else (self._settings.dir.resolve() / file_key).as_uri()
        return Upload(job_id, file_key, owner, name, uri, size_bytes, clip, classes, datetime.now(UTC))

    async def _keep(self, path: Path, upload: Upload) -> None:
        # The row comes first: a file without a row would be found by nobody, a row without a file is cleared away.
        async with self._database.connection() as connection:
            await rows.insert(connection, upload)
        try:
            with room_for(path.parent):
                await self._storage.keep(path, upload.uri)
        except BaseException:
            async with self._database.connection() as connection:
                await rows.delete(connection, upload.job_id)
            raise
        async with self._database.connection() as connection:
            await rows.mark_stored(connection, upload.job_id)
