"""How cameras stand against each other, as events: what is measured of each, and an alarm while one is off.

``camera_health`` is one event a camera, said again with newer figures while the task runs. ``camera_drift`` is one
event an episode: said when it begins and once more, with its end, when it is over.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import hypot
from uuid import NAMESPACE_URL, uuid5

from spoton_common.runtime.stage import Output
from spoton_schemas.records import Event
from spoton_schemas.topics import EVENTS

from spoton_reid.association import CameraHealth

HEALTH = "camera_health"
DRIFT = "camera_drift"

_SAY_AGAIN = 0.1  # seconds or metres by which a figure has changed since it was last said


@dataclass(frozen=True, slots=True)
class _Bound:
    """An alarm begins at `begins` and ends under `ends`: figures waver."""

    begins: float
    ends: float


_BOUNDS = {"clock_s": _Bound(0.5, 0.3), "plane_m": _Bound(1.0, 0.7)}


@dataclass(slots=True)
class CameraWatch:
    """Turns what is found about cameras into events. State pickles."""

    task_id: str
    environment_id: str
    fps: float
    _began: dict[str, int] = field(default_factory=dict)
    _said: dict[str, CameraHealth] = field(default_factory=dict)
    _drifts: dict[tuple[str, str], Event] = field(default_factory=dict)

    def look(self, tick: int, cameras: Sequence[CameraHealth]) -> list[Output]:
        """Say what has changed."""
        outputs = []
        for camera in cameras:
            if _differs(camera, self._said.get(camera.camera_id)):
                self._said[camera.camera_id] = camera
                outputs.append(self._health(tick, camera))
            for kind, off in _deviations(camera).items():
                outputs += self._drift(tick, camera, kind, off)
        return [Output(EVENTS, event) for event in outputs]

    def _health(self, tick: int, camera: CameraHealth) -> Event:
        began = self._began.setdefault(camera.camera_id, tick)
        return self._event(HEALTH, camera, began, "", end_frame_index=tick, details=_details(camera))

    def _drift(self, tick: int, camera: CameraHealth, kind: str, off: float) -> list[Event]:
        key, bound = (camera.camera_id, kind), _BOUNDS[kind]
        details = {"kind": kind, "value": f"{off:.2f}", **_details(camera)}
        if key not in self._drifts and off >= bound.begins:
            self._drifts[key] = self._event(DRIFT, camera, tick, kind, details=details)
            return [self._drifts[key]]
        if key in self._drifts and off < bound.ends:
            began = self._drifts.pop(key).global_frame_index
            return [self._event(DRIFT, camera, began, kind, end_frame_index=tick, details=details)]
        return []

    def _event(
        self,
        event_type: str,
        camera: CameraHealth,
        began: int,
        kind: str,
        *,
        details: dict[str, str],
        end_frame_index: int | None = None,
    ) -> Event:
        name = f"{self.task_id}/{event_type}/{camera.camera_id}/{kind}/{began}"
        return Event(
            task_id=self.task_id,
            environment_id=self.environment_id,
            event_id=str(uuid5(NAMESPACE_URL, name)),
            type=event_type,
            global_frame_index=began,
            event_time_us=round(began * 1e6 / self.fps),
            end_frame_index=end_frame_index,
            camera_id=camera.camera_id,
            details=details,
        )


def _figures(camera: CameraHealth) -> dict[str, float]:
    figures = {"applied_late_s": camera.applied_late_s}
    if camera.late_s is not None:
        figures["late_s"] = camera.late_s
    if camera.plane_offset_m is not None:
        figures["plane_x_m"], figures["plane_y_m"] = camera.plane_offset_m
    if camera.even_cosine is not None:
        figures["even_cosine"] = camera.even_cosine
    return figures


def _details(camera: CameraHealth) -> dict[str, str]:
    return {name: f"{value:.2f}" for name, value in _figures(camera).items()}


def _differs(camera: CameraHealth, said: CameraHealth | None) -> bool:
    """Tell whether a figure is there that was not said before, or has changed by more than it wavers."""
    now = _figures(camera)
    if said is None:
        return "late_s" in now or "plane_x_m" in now
    before = _figures(said)
    return now.keys() != before.keys() or any(abs(now[name] - before[name]) > _SAY_AGAIN for name in now)


def _deviations(camera: CameraHealth) -> dict[str, float]:
    found = {}
    if camera.late_s is not None:
        found["clock_s"] = abs(camera.late_s)
    if camera.plane_offset_m is not None:
        found["plane_m"] = hypot(*camera.plane_offset_m)
    return found
