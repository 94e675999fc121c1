"""When each stage was done with a picture: wall-clock times that travel in Kafka headers, beside the records."""

import json
from collections.abc import Sequence

import msgspec
from spoton_schemas.records import CameraTick, Tick

HEADER = "spoton-ledger"

_MAX_BYTES = 2048  # a handful of stages
_EARLIEST_US, _LATEST_US = 10**15, 10**16  # 2001 and 2286: other figures would spoil every mean
_MOST_PICTURES = 100_000  # of those whose results never leave (they were refused) the oldest are forgotten

Times = dict[str, int]
"""Stage → microseconds since 1970 (UTC) at which it sent the picture on."""


def encode(times: Times) -> bytes:
    """Write as JSON: people read headers with kcat."""
    return json.dumps(times, separators=(",", ":")).encode()


def decode(headers: Sequence[tuple[str, bytes | None]] | None) -> Times:
    """Read the times from a record's headers; none if they are absent or not ours."""
    for name, value in headers or []:
        if name == HEADER and value and len(value) <= _MAX_BYTES:
            try:
                times = msgspec.json.decode(value, type=Times)
            except msgspec.DecodeError:
                return {}
            return times if all(_EARLIEST_US <= time_us <= _LATEST_US for time_us in times.values()) else {}
    return {}


class Ledger:
    """Remembers the times of pictures inside a stage, from their arrival until their results leave."""

    def __init__(self) -> None:
        self._times: dict[tuple[str, int], dict[str, Times]] = {}

    def arrived(self, record: Tick, times: Times) -> None:
        """Note a record's times."""
        if times:
            self._times.setdefault((record.task_id, record.global_frame_index), {})[_camera(record)] = times
            if len(self._times) > _MOST_PICTURES:
                del self._times[next(iter(self._times))]

    def left(self, record: Tick) -> Times:
        """Return the times of the pictures that a result stands for: its camera's, or the latest of all cameras."""
        key = (record.task_id, record.global_frame_index)
        cameras = self._times.get(key, {})
        if isinstance(record, CameraTick):
            times = cameras.pop(record.camera_id, {})
            if not cameras:
                self._times.pop(key, None)
            return times
        self._times.pop(key, None)
        merged: Times = {}
        for times in cameras.values():
            for stage, time_us in times.items():
                merged[stage] = max(time_us, merged.get(stage, 0))
        return merged

    def forget(self, end: Tick) -> None:
        """Drop what is left of a stream that ended: a camera's, or a whole task's."""
        for key in [key for key in self._times if key[0] == end.task_id]:
            if isinstance(end, CameraTick):
                self._times[key].pop(end.camera_id, None)
            else:
                self._times[key].clear()
            if not self._times[key]:
                del self._times[key]


def _camera(record: Tick) -> str:
    return record.camera_id if isinstance(record, CameraTick) else ""
