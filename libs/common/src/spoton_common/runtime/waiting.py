"""What travels beside a picture waits here while the picture is inside a stage."""

from typing import Generic, TypeVar

from spoton_schemas.records import CameraTick, Kind, Tick

T = TypeVar("T")

_MOST_PICTURES = 100_000  # of those whose results never leave (they were refused) the oldest are forgotten
_MARKS = -1  # in place of a tick: a stream's marks share one entry, for they share one trace


class Waiting(Generic[T]):
    """Remembers an item of each record inside a stage, from its arrival until its results leave."""

    def __init__(self) -> None:
        self._items: dict[tuple[str, int], dict[str, T]] = {}

    def __len__(self) -> int:
        """How many pictures are inside."""
        return sum(len(cameras) for (_, tick), cameras in self._items.items() if tick != _MARKS)

    def arrived(self, record: Tick, item: T) -> None:
        """Note a record."""
        self._items.setdefault(_key(record), {})[_camera(record)] = item
        if len(self._items) > _MOST_PICTURES:
            del self._items[next(iter(self._items))]

    def left(self, record: Tick) -> list[T]:
        """Return the items of the records that a result stands for: its camera's, or those of all cameras.

        Those of pictures are gone then; those of marks stay until ``forget``.
        """
        key = _key(record)
        cameras = self._items.get(key, {})
        if record.kind is not Kind.FRAME:
            own = cameras.get(_camera(record)) if isinstance(record, CameraTick) else None
            return [own] if own is not None else list(cameras.values())
        if not isinstance(record, CameraTick):
            return list(self._items.pop(key, {}).values())
        item = cameras.pop(record.camera_id, None)
        if not cameras:
            self._items.pop(key, None)
        return [] if item is None else [item]

    def forget(self, end: Tick) -> None:
        """Drop what is left of a stream that ended: a camera's, or a whole task's."""
        for key in [key for key in self._items if key[0] == end.task_id]:
            if isinstance(end, CameraTick):
                self._items[key].pop(end.camera_id, None)
            else:
                self._items[key].clear()
            if not self._items[key]:
                del self._items[key]


def _key(record: Tick) -> tuple[str, int]:
    return record.task_id, record.global_frame_index if record.kind is Kind.FRAME else _MARKS


def _camera(record: Tick) -> str:
    return record.camera_id if isinstance(record, CameraTick) else ""
