"""A tick as it is published: an identity a box, better boxes where the detector errs, and boxes where it missed."""

from spoton_reid.association.gaps import Gap
from spoton_reid.association.parameters import SmoothingParameters
from spoton_reid.association.values import Box, Bucket, FilledBox, LabelledBucket, Observation, Scene
from spoton_reid.association.window import Window
from spoton_reid.errors import BucketError

_Key = tuple[int, int]  # camera, identity
_Places = dict[_Key, Box]


class Labeller:
    """Gives the boxes of a tick the identities that a window has for them."""

    def __init__(self, scene: Scene, parameters: SmoothingParameters) -> None:
        self._cameras = {camera.camera_id: index for index, camera in enumerate(scene.cameras)}
        self._ids = [camera.camera_id for camera in scene.cameras]
        self._fps = scene.fps
        self._parameters = parameters

    def in_order(self, bucket: Bucket) -> list[Observation]:
        """Sort a tick's observations by camera and track; ``BucketError`` if a camera is not of the scene."""
        unknown = {observation.camera_id for observation in bucket.observations} - self._cameras.keys()
        if unknown:
            raise BucketError(f"bucket {bucket.global_frame_index}: unknown cameras {sorted(unknown)}")
        return sorted(bucket.observations, key=lambda o: (self._cameras[o.camera_id], o.track_id))

    def label(self, bucket: Bucket, window: Window) -> LabelledBucket:
        """Publish a tick; the window remembers what was said."""
        taken: set[_Key] = set()
        identities: dict[tuple[str, int], tuple[int, float]] = {}
        for observation in self.in_order(bucket):
            identities[observation.camera_id, observation.track_id] = window.publish(
                self._cameras[observation.camera_id], observation.track_id, bucket.global_frame_index, taken
            )
        published = [identities[o.camera_id, o.track_id] for o in bucket.observations]
        gaps = self._gaps(bucket, window, taken)
        keys = [(self._cameras[o.camera_id], name) for o, (name, _) in zip(bucket.observations, published, strict=True)]
        unsure = [key for o, key in zip(bucket.observations, keys, strict=True) if key[1] and self._is_unsure(o)]
        wanted = sorted({*unsure, *((gap.tracklet.camera, gap.tracklet.name) for gap in gaps)})
        places = window.found.smooth(bucket.global_frame_index, wanted, self._fps, self._parameters)
        return LabelledBucket(
            bucket.global_frame_index,
            bucket.observations,
            tuple(self._better(o, places.get(key)) for o, key in zip(bucket.observations, keys, strict=True)),
            tuple(name or None for name, _ in published),
            tuple(certainty if name else None for name, certainty in published),
            tuple(self._fill(gap, bucket.global_frame_index, places) for gap in gaps),
        )

    def _is_unsure(self, observation: Observation) -> bool:
        return observation.confidence < self._parameters.sure_confidence and not observation.at_border

    def _better(self, observation: Observation, place: Box | None) -> Box:
        """Choose between the detector's box and where the person's path has them."""
        if place is None or not self._is_unsure(observation):
            return observation.bbox_xyxy
        agree = _iou(observation.bbox_xyxy, place) >= self._parameters.least_overlap
        return observation.bbox_xyxy if agree else place

    def _gaps(self, bucket: Bucket, window: Window, taken: set[_Key]) -> list[Gap]:
        """Choose the identities that are between two boxes of a camera; `taken` as in `Window.publish`."""
        tracks = {(self._cameras[o.camera_id], o.track_id) for o in bucket.observations}
        gaps = []
        for gap in window.gaps_at(bucket.global_frame_index, taken, tracks):
            camera = gap.tracklet.camera
            if self._ids[camera] in bucket.without_picture:
                continue
            taken.add((camera, gap.tracklet.name))
            tracks.add((camera, gap.tracklet.track_id))
            gaps.append(gap)
        return gaps

    def _fill(self, gap: Gap, frame: int, places: _Places) -> FilledBox:
        """Box somebody where the path has them, or on the straight line through the gap."""
        tracklet = gap.tracklet
        box = places.get((tracklet.camera, tracklet.name)) or gap.box(frame)
        gap.fill(frame, box)
        camera_id = self._ids[tracklet.camera]
        return FilledBox(camera_id, tracklet.track_id, box, gap.confidence, tracklet.name, tracklet.certainty)


def _iou(one: Box, other: Box) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = ((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return width * height / (sum(areas) - width * height)
