"""Sub-videos of single cameras, put together into the batches that clients are told of."""

from dataclasses import dataclass, field

from spoton_schemas.records import Media

from spoton_gateway.ws.messages import Message, media_entry, media_url


@dataclass(slots=True)
class MediaBatches:
    """Tells of a batch once each camera of the task has its sub-video, has no more of them, or has failed."""

    task_id: str
    environment_id: str
    camera_ids: frozenset[str] = frozenset()
    failed: set[str] = field(default_factory=set)
    _media: dict[int, dict[str, Media]] = field(default_factory=dict)
    _last_batch: dict[str, int] = field(default_factory=dict)
    _told: set[int] = field(default_factory=set)

    def add(self, camera_id: str, batch: int, media: Media) -> list[Message]:
        """Take a sub-video; return the batches that are now complete.

        A camera that had failed goes on with it after all; a batch that was told without it is told again.
        """
        self.failed.discard(camera_id)
        there = self._media.setdefault(batch, {})
        if camera_id not in there:
            there[camera_id] = media
            self._told.discard(batch)
        if media.last:
            self._last_batch[camera_id] = batch
        return self.complete()

    def fail(self, camera_id: str) -> list[Message]:
        """Expect nothing more of a camera; return the batches that are now complete."""
        self.failed.add(camera_id)
        return self.complete()

    def complete(self) -> list[Message]:
        """Return the batches that are complete and not told of yet, in order."""
        ready = [b for b in sorted(self._media) if b not in self._told and self._is_complete(b)]
        self._told.update(ready)
        return [self._message(batch) for batch in ready]

    @property
    def any(self) -> bool:
        """Whether there is any media at all."""
        return bool(self._media)

    @property
    def known(self) -> list[Media]:
        """All sub-videos so far."""
        return [media for batch in self._media.values() for media in batch.values()]

    @property
    def all_known(self) -> bool:
        """Whether no camera has further sub-videos."""
        return bool(self.camera_ids) and all(c in self._last_batch or c in self.failed for c in self.camera_ids)

    def _is_complete(self, batch: int) -> bool:
        if not self.camera_ids:
            return False
        there = self._media[batch]
        return all(
            camera in there or camera in self.failed or self._last_batch.get(camera, batch) < batch
            for camera in self.camera_ids
        )

    def _message(self, batch: int) -> Message:
        entries = [
            media_entry(camera, media, self._url(camera, batch, media))
            for camera, media in sorted(self._media[batch].items())
        ]
        return Message("media_available", {"sub_video_batch_index": batch, "media_urls": entries})

    def _url(self, camera: str, batch: int, media: Media) -> str:
        name = media.sub_video_filename
        taken = any(b < batch and camera in c and c[camera].sub_video_filename == name for b, c in self._media.items())
        return media_url(self.task_id, self.environment_id, camera, name, batch if taken else None)
