"""The cameras of the partitions that this instance holds, and how far each is safe; knows no consumer."""

from collections.abc import Collection, Iterator, Mapping

from spoton_common import metrics
from spoton_common.kafka.snapshots import StoredState
from spoton_common.logging import get_logger

from spoton_ingest.camera import Camera
from spoton_ingest.chain import Chain
from spoton_ingest.lost import LostCamera, read_chain
from spoton_ingest.offsets import PartitionOffsets
from spoton_ingest.publisher import NAME
from spoton_ingest.workshop import Ticket, Workshop

_log = get_logger()

_JOIN_S = 5.0  # one frame's decoding; a fetch looks up more often


class Holdings:
    """Cameras at work, streams that have ended, and the offsets in between; used by the loop's thread."""

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop
        self._offsets: dict[int, PartitionOffsets] = {}
        self._cameras: dict[str, Camera] = {}
        self._ended: dict[str, int] = {}
        self._lost: dict[str, LostCamera] = {}
        self._stands_for: dict[str, int] = {}

    @property
    def partitions(self) -> Collection[int]:
        """Numbers of the partitions held."""
        return self._offsets.keys()

    def cameras(self, task_id: str | None = None) -> Iterator[Camera]:
        """Yield the cameras at work, or those of a task."""
        yield from (c for c in list(self._cameras.values()) if task_id is None or c.task_id == task_id)

    def take_over(self, partition: int, stored: Mapping[str, StoredState]) -> tuple[list[Chain], dict[str, str]]:
        """Hold one more partition, whose cameras go on from what is stored.

        Returns:
            those that have not ended, and why states cannot be read that nobody has set aside yet.

        """
        self._offsets[partition] = PartitionOffsets()
        live, unread = [], {}
        for key, found in stored.items():
            chain, flaw = read_chain(found)
            self._stands_for[key] = found.snapshot.offset
            if flaw is not None:
                unread[key] = f"{NAME}: the state of {key!r} cannot be read ({flaw}), run the task again"
            if chain is None:
                loss = found.snapshot.loss
                why = unread[key] if loss is None else loss.why
                self._lose(key, LostCamera(partition, found.snapshot.progress.get(key), why))
            elif chain.ended:
                self._ended[key] = partition
            else:
                self._cameras[key] = Camera(chain, partition, found.snapshot.offset, self._shop)
                live.append(chain)
        return live, unread

    def lost(self, key: str) -> LostCamera | None:
        """Return what is known of a camera whose state cannot be read."""
        return self._lost.get(key)

    def end_lost(self, key: str, partition: int, offset: int) -> None:
        """The end of a lost camera has been told at a segment."""
        del self._lost[key]
        self._ended[key] = partition
        self.done(partition, offset)

    def begin(self, partition: int, offset: int) -> None:
        """Note a segment that was read."""
        self._offsets[partition].begin(offset)

    def done(self, partition: int, offset: int) -> None:
        """Note a segment that needs no work (any more)."""
        self._offsets[partition].done(offset)

    def knows(self, key: str) -> bool:
        """Tell whether a camera has begun."""
        return key in self._cameras or key in self._ended

    def open(self, chain: Chain, partition: int, offset: int) -> None:
        """Begin a camera with its first segment."""
        self._lost.pop(chain.key, None)
        self._cameras[chain.key] = Camera(chain, partition, offset, self._shop)

    def enqueue(self, key: str, ticket: Ticket, partition: int) -> None:
        """Give a camera its next segment, or drop it: behind the end, or seen before."""
        if ticket.offset < self._stands_for.get(key, 0):
            self._drop("duplicate", partition, ticket.offset)
        elif key in self._ended:
            self._drop("after_end", partition, ticket.offset)
        elif not self._cameras[key].enqueue(ticket):
            self._drop("duplicate", partition, ticket.offset)

    def collect(self, partitions: Collection[int]) -> dict[int, int]:
        """Make what is finished safe and return the offsets to commit, by partition."""
        sink = self._shop.sink
        finished = [(camera, camera.collect()) for camera in self.cameras() if camera.partition in partitions]
        finished = [(camera, f) for camera, f in finished if f.offsets or f.chain is not None]
        if finished:
            # 1. Frames and marks reach the broker, and what is told of cameras that are through.
            for camera, done in finished:
                if done.chain is not None and done.chain.ended:
                    sink.status(camera.ended())
            sink.flush()
            for camera, done in finished:
                camera.save_finished(done)
        # 2. States that stand behind them reach it.
        sink.flush()
        # 3. Only then the segments count as read.
        for camera, done in finished:
            for offset in done.offsets:
                self.done(camera.partition, offset)
            if done.chain is not None and done.chain.ended:
                self._close(camera)
        committable = {p: self._offsets[p].committable() for p in partitions if p in self._offsets}
        return {p: offset for p, offset in committable.items() if offset is not None}

    def abandon(self, partitions: Collection[int]) -> None:
        """Stop the work on partitions' cameras; what is unfinished is not kept."""
        cameras = [camera for camera in self.cameras() if camera.partition in partitions]
        self._shop.traffic.abandon([camera.key for camera in cameras])
        for camera in cameras:
            camera.join(_JOIN_S)

    def forget(self, partitions: Collection[int]) -> None:
        """Drop partitions and all that is known of them."""
        for camera in [c for c in self.cameras() if c.partition in partitions]:
            self._shop.traffic.forget(camera.key)
            del self._cameras[camera.key]
            self._stands_for.pop(camera.key, None)
        for key in [key for key, partition in self._ended.items() if partition in partitions]:
            del self._ended[key]
            self._stands_for.pop(key, None)
        for key in [key for key, camera in self._lost.items() if camera.partition in partitions]:
            del self._lost[key]
            self._stands_for.pop(key, None)
        for partition in partitions:
            self._offsets.pop(partition, None)

    def _lose(self, key: str, camera: LostCamera) -> None:
        if camera.ended:
            self._ended[key] = camera.partition
        else:
            self._lost[key] = camera

    def _drop(self, reason: str, partition: int, offset: int) -> None:
        metrics.DROPPED.labels(NAME, reason).inc()
        self.done(partition, offset)

    def _close(self, camera: Camera) -> None:
        """A stream has ended: its state is safe."""
        for offset in camera.close():
            self.done(camera.partition, offset)
        self._shop.traffic.forget(camera.key)
        _log.info("camera ended", task=camera.chain.task_id, camera=camera.chain.camera_id, frames=camera.chain.frames)
        del self._cameras[camera.key]
        self._ended[camera.key] = camera.partition
