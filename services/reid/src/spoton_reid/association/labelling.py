"""A tick as it is published: an identity a box, and boxes where somebody was there and nobody found them."""

from spoton_reid.association.values import Bucket, FilledBox, LabelledBucket, Observation, Scene
from spoton_reid.association.window import Window
from spoton_reid.errors import BucketError


class Labeller:
    """Gives the boxes of a tick the identities that a window has for them."""

    def __init__(self, scene: Scene) -> None:
        self._cameras = {camera.camera_id: index for index, camera in enumerate(scene.cameras)}
        self._ids = [camera.camera_id for camera in scene.cameras]

    def in_order(self, bucket: Bucket) -> list[Observation]:
        """Sort a tick's observations by camera and track; ``BucketError`` if a camera is not of the scene."""
        unknown = {observation.camera_id for observation in bucket.observations} - self._cameras.keys()
        if unknown:
            raise BucketError(f"bucket {bucket.global_frame_index}: unknown cameras {sorted(unknown)}")
        return sorted(bucket.observations, key=lambda o: (self._cameras[o.camera_id], o.track_id))

    def label(self, bucket: Bucket, window: Window) -> LabelledBucket:
        """Publish a tick; the window remembers what was said."""
        taken: set[tuple[int, int]] = set()
        identities: dict[tuple[str, int], tuple[int, float]] = {}
        for observation in self.in_order(bucket):
            identities[observation.camera_id, observation.track_id] = window.publish(
                self._cameras[observation.camera_id], observation.track_id, bucket.global_frame_index, taken
            )
        published = [identities[o.camera_id, o.track_id] for o in bucket.observations]
        return LabelledBucket(
            bucket.global_frame_index,
            bucket.observations,
            tuple(name or None for name, _ in published),
            tuple(certainty if name else None for name, certainty in published),
            self._fill(bucket, window, taken),
        )

    def _fill(self, bucket: Bucket, window: Window, taken: set[tuple[int, int]]) -> tuple[FilledBox, ...]:
        """Box the identities that are between two boxes of a camera; `taken` as in `Window.publish`."""
        tracks = {(self._cameras[o.camera_id], o.track_id) for o in bucket.observations}
        filled = []
        for gap in window.gaps_at(bucket.global_frame_index, taken, tracks):
            camera, track_id, name = gap.tracklet.camera, gap.tracklet.track_id, gap.tracklet.name
            camera_id = self._ids[camera]
            if camera_id in bucket.without_picture:
                continue
            box = gap.fill(bucket.global_frame_index)
            taken.add((camera, name))
            tracks.add((camera, track_id))
            filled.append(FilledBox(camera_id, track_id, box, gap.confidence, name, gap.tracklet.certainty))
        return tuple(filled)
