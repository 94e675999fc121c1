"""Payloads of WebSocket messages, from records. Names are those of the interface; additions are only ever added."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import msgspec
from spoton_schemas.records import CameraMapPoints, Event, IdentityRevision, MappedTrack, MapPoints, Media

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """A message without the parts that belong to one connection."""

    type: str
    payload: Payload


def tracking_update(record: MapPoints, processed_at: datetime, latency: dict[str, int]) -> Message:
    """Tell everything of one tick; ``latency`` is the wall-clock time (µs) at which each stage was done with it."""
    payload = {
        "global_frame_index": record.global_frame_index,
        "scene_id": record.environment_id,
        "timestamp_processed_utc": processed_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "cameras": {camera.camera_id: _camera(record, camera) for camera in record.cameras},
        "people": [msgspec.to_builtins(person) for person in record.people],
        "event_time_us": record.event_time_us,
        "sub_video_batch_index_of_frame": record.sub_video_batch_index,
        "identity_revision": record.identity_revision,
        "latency": latency,
    }
    return Message("tracking_update", payload)


def _camera(record: MapPoints, camera: CameraMapPoints) -> Payload:
    return {
        "image_source": f"{record.global_frame_index:06d}.jpg",
        "tracks": [_track(track) for track in camera.tracks],
        "camera_frame_index": camera.camera_frame_index,
        "event_time_us": camera.event_time_us,
        "image_width": camera.image_width,
        "image_height": camera.image_height,
    }


def _track(track: MappedTrack) -> Payload:
    on_map = track.map_x_m is not None and track.map_y_m is not None
    return {
        "track_id": track.track_id,
        "global_id": track.global_id,
        "bbox_xyxy": [round(value, 2) for value in track.bbox_xyxy],
        "confidence": round(track.confidence, 4),
        "class_name": track.class_name,
        "map_coords": [track.map_x_m, track.map_y_m] if on_map else None,
        "identity_confidence": track.identity_confidence,
    }


def batch_processing_complete(record: MapPoints) -> Message:
    """Tell that a batch of sub-videos is done."""
    payload = {
        "sub_video_batch_index": record.sub_video_batch_index,
        "end_global_frame_index": record.global_frame_index,
        "error": record.error,
    }
    return Message("batch_processing_complete", payload)


def event(record: Event) -> Message:
    """Tell what happened."""
    payload = msgspec.to_builtins(record)
    payload["position"] = [record.position.x_m, record.position.y_m] if record.position else None
    return Message("event", payload)


def identity_revised(record: IdentityRevision) -> Message:
    """Tell which identities were corrected."""
    return Message("identity_revised", msgspec.to_builtins(record))


def media_url(task_id: str, environment_id: str, camera_id: str, filename: str, batch: int | None) -> str:
    """Return the path at which the gateway serves a sub-video; ``batch`` where the file name alone is ambiguous."""
    parts = (quote(part, safe="") for part in (task_id, environment_id, camera_id, filename))
    path = "/api/v1/media/tasks/{}/environments/{}/cameras/{}/sub_videos/{}".format(*parts)
    return path if batch is None else f"{path}?batch={batch}"


def media_entry(camera_id: str, media: Media, url: str) -> Payload:
    """Tell of one sub-video within ``media_available``."""
    return {
        "camera_id": camera_id,
        "sub_video_filename": media.sub_video_filename,
        "url": url,
        "start_global_frame_index": media.start_global_frame_index,
        "num_frames_in_sub_video": media.num_frames_in_sub_video,
    }
