"""The ids of a camera's tracks."""

from collections.abc import Sequence
from dataclasses import dataclass, field

_Key = tuple[str, int]  # class and the tracker's own id


@dataclass(slots=True)
class TrackIds:
    """Numbers tracks through all classes in the order of appearance: trackers count from one each. State pickles.

    Tracks that have ended are forgotten, or a camera that runs for weeks would remember all of them.
    """

    _next: int = 1
    _ids: dict[_Key, int] = field(default_factory=dict)
    _last_seen: dict[_Key, int] = field(default_factory=dict)
    _swept: int = 0

    def name(self, class_name: str, tracker_ids: Sequence[int], frame: int) -> list[int]:
        """Return the ids of tracks that are seen in a frame."""
        names = []
        for tracker_id in tracker_ids:
            key = (class_name, tracker_id)
            if key not in self._ids:
                self._ids[key] = self._next
                self._next += 1
            self._last_seen[key] = frame
            names.append(self._ids[key])
        return names

    def forget(self, frame: int, keep: int) -> list[int]:
        """Forget, once in ``keep`` frames, tracks that were not seen for longer than that; return their ids."""
        if frame - self._swept < keep:
            return []
        self._swept = frame
        ended = [key for key, last_seen in self._last_seen.items() if frame - last_seen > keep]
        for key in ended:
            del self._last_seen[key]
        return [self._ids.pop(key) for key in ended]
