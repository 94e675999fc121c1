"""The mapper as a state machine: boxes with identities in, people on the floor out."""

import json
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from .errors import FrameOrderError, SnapshotError
from .foresight import foresee
from .ground_plane import FloorObservation, FootNoise, GroundPlane
from .kalman import MotionState
from .trajectory import Smoothing, Trajectory, advance
from .values import CameraFrame, FloorScene, MapFrame, MappedBox, MappedCamera, MappedFrame, PersonEstimate

SNAPSHOT_VERSION = 1


@dataclass(frozen=True, slots=True)
class MapperParameters:
    """All that can be set."""

    noise: FootNoise = field(default_factory=FootNoise)
    smoothing: Smoothing = field(default_factory=Smoothing)


class Mapper:
    """Puts the people of one scene on its floor; deterministic, without clock or input of its own.

    Raises:
        GeometryError: the scene's homographies or monitored area cannot be used.

    """

    def __init__(self, scene: FloorScene, parameters: MapperParameters | None = None) -> None:
        self._scene = scene
        self._parameters = parameters or MapperParameters()
        self._plane = GroundPlane(scene, self._parameters.noise)
        self._paths: dict[int, Trajectory] = {}
        self._time_us: int | None = None

    def feed(self, frame: MapFrame) -> MappedFrame:
        """Take in one tick.

        Raises:
            FrameOrderError: the frame is not later than the one before.

        """
        if self._time_us is not None and frame.event_time_us <= self._time_us:
            raise FrameOrderError(f"frame at {frame.event_time_us} µs after one at {self._time_us} µs")
        self._time_us = frame.event_time_us
        located = [(camera, self._plane.locate(camera)) for camera in frame.cameras]
        self._advance(_by_identity(located), frame.event_time_us)
        return MappedFrame(
            event_time_us=frame.event_time_us,
            cameras=tuple(self._mapped(camera, observations) for camera, observations in located),
            people=tuple(self._estimate(global_id) for global_id in sorted(self._paths)),
        )

    def snapshot(self) -> bytes:
        """Write down everything that later answers depend on, scene and parameters included (JSON)."""
        paths = {
            global_id: {
                "mean": path.state.mean.tolist(),
                "covariance": path.state.covariance.tolist(),
                "observed_us": path.observed_us,
                "camera_ids": path.camera_ids,
            }
            for global_id, path in sorted(self._paths.items())
        }
        content = {
            "version": SNAPSHOT_VERSION,
            "scene": {
                "homographies": dict(self._scene.homographies),
                "monitored_area": self._scene.monitored_area,
            },
            "parameters": asdict(self._parameters),
            "time_us": self._time_us,
            "paths": paths,
        }
        return json.dumps(content, separators=(",", ":")).encode()

    @classmethod
    def restore(cls, snapshot: bytes) -> "Mapper":
        """Make the mapper that wrote the snapshot; it goes on as if it had never stopped.

        Raises:
            SnapshotError: not a snapshot of this version.

        """
        try:
            content = json.loads(snapshot)
            if content["version"] != SNAPSHOT_VERSION:
                raise SnapshotError(f"mapper snapshot of version {content['version']}, not {SNAPSHOT_VERSION}")
            mapper = cls(_scene(content["scene"]), _parameters(content["parameters"]))
            mapper._time_us = content["time_us"]
            mapper._paths = {
                int(global_id): _path(path, content["time_us"]) for global_id, path in content["paths"].items()
            }
        except (KeyError, TypeError, ValueError) as error:
            raise SnapshotError(f"not a mapper snapshot: {error}") from error
        return mapper

    def _advance(self, observed: dict[int, list[FloorObservation]], time_us: int) -> None:
        carried_on = {
            global_id: advance(
                self._paths.get(global_id), observed.get(global_id, []), time_us, self._parameters.smoothing
            )
            for global_id in self._paths.keys() | observed.keys()
        }
        self._paths = {global_id: path for global_id, path in carried_on.items() if path is not None}

    def _mapped(self, camera: CameraFrame, observations: list[FloorObservation | None]) -> MappedCamera:
        boxes = tuple(
            MappedBox(
                track_id=box.track_id,
                global_id=box.global_id,
                position_m=None if found is None else _pair(found.position_m),
                is_monitored=None if found is None else self._plane.is_monitored(found.position_m),
            )
            for box, found in zip(camera.boxes, observations, strict=True)
        )
        return MappedCamera(camera.camera_id, boxes)

    def _estimate(self, global_id: int) -> PersonEstimate:
        path = self._paths[global_id]
        return PersonEstimate(
            global_id=global_id,
            position_m=_pair(path.state.mean[:2]),
            velocity_m_s=_pair(path.state.mean[2:]),
            std_m=path.std_m,
            camera_ids=path.camera_ids,
            is_monitored=self._plane.is_monitored(path.state.mean[:2]),
            foreseen=foresee(path.state, self._parameters.smoothing.acceleration_psd),
        )


def _by_identity(
    located: list[tuple[CameraFrame, list[FloorObservation | None]]],
) -> dict[int, list[FloorObservation]]:
    """Collect each identity's observations, sorted by camera so that the order of arrival does not matter."""
    observed: dict[int, list[FloorObservation]] = defaultdict(list)
    for camera, observations in sorted(located, key=lambda item: item[0].camera_id):
        for box, found in zip(camera.boxes, observations, strict=True):
            if box.global_id is not None and found is not None:
                observed[box.global_id].append(found)
    return observed


def _pair(vector: Any) -> tuple[float, float]:
    return float(vector[0]), float(vector[1])


def _scene(content: dict[str, Any]) -> FloorScene:
    return FloorScene(
        homographies={camera_id: tuple(numbers) for camera_id, numbers in content["homographies"].items()},
        monitored_area=tuple((x_m, y_m) for x_m, y_m in content["monitored_area"]),
    )


def _parameters(content: dict[str, Any]) -> MapperParameters:
    return MapperParameters(noise=FootNoise(**content["noise"]), smoothing=Smoothing(**content["smoothing"]))


def _path(content: dict[str, Any], time_us: int) -> Trajectory:
    state = MotionState(np.array(content["mean"]), np.array(content["covariance"]))
    return Trajectory(state, time_us, content["observed_us"], tuple(content["camera_ids"]))
