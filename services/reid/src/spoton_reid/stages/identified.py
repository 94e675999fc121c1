"""A labelled bucket as it travels: every track with its box and identity, and the boxes that were filled in."""

from typing import NamedTuple

import numpy as np
from spoton_schemas import records
from spoton_schemas.records import CameraIdentities, IdentifiedTrack, Tracks

from spoton_reid.association import LabelledBucket
from spoton_reid.association.values import Box
from spoton_reid.embedding import box_visibilities
from spoton_reid.stages.ticks import Tick

PERSON = "person"
_PERSON_CLASS_ID = 0  # COCO's


class _Said(NamedTuple):
    """What is published of a track."""

    box: Box
    identity: int | None
    certainty: float | None


def camera_identities(tick: Tick, bucket: LabelledBucket) -> tuple[CameraIdentities, ...]:
    """Put a bucket's identities to the pictures that it was made of."""
    found = zip(bucket.observations, bucket.boxes, bucket.identities, bucket.certainties, strict=True)
    people = {(o.camera_id, o.track_id): _Said(box, identity, certainty) for o, box, identity, certainty in found}
    return tuple(
        CameraIdentities(
            camera_id=picture.camera_id,
            camera_frame_index=picture.camera_frame_index,
            event_time_us=picture.event_time_us,
            image_width=picture.image_width,
            image_height=picture.image_height,
            tracks=(
                *(_identified_track(t, people.get((picture.camera_id, t.track_id))) for t in picture.tracks),
                *_filled_tracks(bucket, picture),
            ),
        )
        for picture in tick.cameras
    )


def _identified_track(track: records.Track, said: _Said | None) -> IdentifiedTrack:
    """Things that are no people have no identity, and the detector's box."""
    said = said or _Said(track.bbox_xyxy, None, None)
    return IdentifiedTrack(
        track_id=track.track_id,
        bbox_xyxy=said.box,
        confidence=track.confidence,
        class_id=track.class_id,
        class_name=track.class_name,
        visibility=track.visibility,
        global_id=said.identity,
        identity_confidence=said.certainty,
    )


def _filled_tracks(bucket: LabelledBucket, picture: Tracks) -> list[IdentifiedTrack]:
    """Box the people whom the tracker lost for a moment; who covers them says how little of them is seen."""
    filled = [box for box in bucket.filled if box.camera_id == picture.camera_id]
    if not filled:
        return []
    people = [track.bbox_xyxy for track in picture.tracks if track.class_name == PERSON]
    boxes = np.array([*(box.bbox_xyxy for box in filled), *people], np.float32)
    return [
        IdentifiedTrack(
            track_id=box.track_id,
            bbox_xyxy=box.bbox_xyxy,
            confidence=box.confidence,
            class_id=_PERSON_CLASS_ID,
            class_name=PERSON,
            visibility=float(visibility),
            global_id=box.identity,
            identity_confidence=box.certainty,
            interpolated=True,
        )
        for box, visibility in zip(filled, box_visibilities(boxes), strict=False)
    ]
