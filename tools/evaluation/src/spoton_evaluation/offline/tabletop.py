"""Things that are picked up and put back: real footage and generated clips through the line, to events."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import yaml
from spoton_mapper.objects import ObjectEvents
from spoton_reid.association import AssociationParameters
from spoton_reid.embedding import Embedder
from spoton_scenes.tabletop import HEIGHT, WIDTH, TableClip, look
from spoton_schemas.records import (
    CameraMapPoints,
    Detection,
    Detections,
    Event,
    Kind,
    MappedTrack,
    MapPoints,
    Scene,
    SceneCamera,
    TaskStart,
    Track,
    Tracks,
)

from spoton_evaluation.errors import DatasetError
from spoton_evaluation.exports import read_scene
from spoton_evaluation.offline.cache import Cache
from spoton_evaluation.offline.frames import TASK_ID
from spoton_evaluation.offline.line import LineOptions, associate, locate, track
from spoton_evaluation.offline.run import Models, OfflineLine

_TYPES = {"pick_up": "object_picked_up", "put_back": "object_put_back"}
_CLASS_IDS = {"person": 0, "bottle": 39, "cup": 41, "bowl": 45, "vase": 75, "book": 73, "laptop": 63, "remote": 65}
_CLASS_IDS["cell phone"] = 67
_CAMERA = "table"


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that was done to a thing, truly or as it was found; `type` as events have it."""

    type: str
    time_s: float
    class_name: str


def read_truth(file: Path) -> list[Deed]:
    """Read `frame,time_s,slot,event,class`, event being pick_up or put_back.

    Raises:
        DatasetError: the file is missing or has other columns.

    """
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        return [Deed(_TYPES[row["event"]], float(row["time_s"]), row["class"]) for row in rows]
    except (OSError, KeyError, ValueError) as error:
        raise DatasetError(f"{file}: no list of events: {error!r}") from error


def find_in_video(video: Path, classes: tuple[str, ...], models: Models, cache: Cache) -> list[Deed]:
    """Run a video through the whole line; detections are kept.

    Raises:
        EvaluationError: the video or a model cannot be used.

    """
    folder = cache.path("table", cache.content(video), *classes)
    folder.mkdir(parents=True, exist_ok=True)
    camera = {"id": _CAMERA, "sources": [video.resolve().as_uri()]}
    document = {"id": "table", "name": "Table", "classes": ["person", *classes], "cameras": [camera]}
    (folder / "environment.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    scene, line = read_scene(folder), OfflineLine(models, cache)
    tracks = track(line.boxes(scene)[_CAMERA], line.embedder, LineOptions().make_tracker, _CAMERA)
    published = locate(scene, associate({_CAMERA: tracks}, AssociationParameters()))
    return find(scene, (record for _, record in published.map_points))


def find_in_clip(clip: TableClip, embedder: Embedder | None, seed: int = 1) -> list[Deed]:
    """Run a generated clip's boxes through tracking; people have no identities.

    Without an embedder they are not tracked: everything is a new track in every picture.
    """
    scene = Scene("table", "Table", clip.fps, (SceneCamera(_CAMERA),), ("person", *_CLASS_IDS))
    found = _detections(clip, scene, seed)
    tracks = (
        track(found, embedder, LineOptions().make_tracker, _CAMERA) if embedder is not None else map(_untracked, found)
    )
    return find(scene, (_map_points(record) for record in tracks if record.kind is Kind.FRAME))


def find(scene: Scene, records: Iterable[MapPoints]) -> list[Deed]:
    """Find what happened to things."""
    machine = ObjectEvents(TaskStart(scene, tuple(camera.camera_id for camera in scene.cameras), 0))
    events, last = list[Event](), None
    for last in records:
        events += machine.feed(last)
    if last is not None:
        events += machine.finish(replace(last, kind=Kind.END_OF_TASK, cameras=()))
    return [Deed(event.type, event.event_time_us / 1e6, event.class_name or "") for event in events]


def _detections(clip: TableClip, scene: Scene, seed: int) -> Iterator[Detections]:
    common = Detections(
        task_id=TASK_ID,
        environment_id=scene.environment_id,
        kind=Kind.START,
        sub_video_batch_index=0,
        global_frame_index=0,
        event_time_us=0,
        camera_id=_CAMERA,
        camera_frame_index=0,
        image_width=WIDTH,
        image_height=HEIGHT,
        start=TaskStart(scene, (_CAMERA,), 0),
    )
    yield common
    for index, (time_s, boxes) in enumerate(look(clip, seed)):
        yield replace(
            common,
            kind=Kind.FRAME,
            start=None,
            global_frame_index=index,
            camera_frame_index=index,
            event_time_us=round(time_s * 1e6),
            detections=tuple(
                Detection(
                    bbox_xyxy=box.bbox_xyxy,
                    confidence=box.confidence,
                    class_id=_CLASS_IDS[box.class_name],
                    class_name=box.class_name,
                )
                for box in boxes
            ),
        )


def _untracked(record: Detections) -> Tracks:
    return Tracks(
        task_id=record.task_id,
        environment_id=record.environment_id,
        kind=record.kind,
        sub_video_batch_index=record.sub_video_batch_index,
        global_frame_index=record.global_frame_index,
        event_time_us=record.event_time_us,
        camera_id=record.camera_id,
        camera_frame_index=record.camera_frame_index,
        image_width=record.image_width,
        image_height=record.image_height,
        tracks=tuple(
            Track(
                track_id=1000 * record.camera_frame_index + index,
                bbox_xyxy=found.bbox_xyxy,
                confidence=found.confidence,
                class_id=found.class_id,
                class_name=found.class_name,
                visibility=1.0,
            )
            for index, found in enumerate(record.detections)
        ),
    )


def _map_points(record: Tracks) -> MapPoints:
    picture = CameraMapPoints(
        camera_id=record.camera_id,
        camera_frame_index=record.camera_frame_index,
        event_time_us=record.event_time_us,
        image_width=record.image_width,
        image_height=record.image_height,
        tracks=tuple(map(_mapped, record.tracks)),
    )
    return MapPoints(
        task_id=record.task_id,
        environment_id=record.environment_id,
        kind=record.kind,
        sub_video_batch_index=record.sub_video_batch_index,
        global_frame_index=record.global_frame_index,
        event_time_us=record.event_time_us,
        cameras=(picture,),
    )


def _mapped(track: Track) -> MappedTrack:
    return MappedTrack(
        track_id=track.track_id,
        bbox_xyxy=track.bbox_xyxy,
        confidence=track.confidence,
        class_id=track.class_id,
        class_name=track.class_name,
    )
