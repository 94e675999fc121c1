"""Events on the system's own tracks: ``python -m tests.events_on_export SCENE_DIR EXPORT_DIR``.

EXPORT_DIR is what ``spoton export TASK --format mot`` wrote of a task on that generated scene: its fused positions,
with identities after all revisions, go through the rules again, and the events are scored against the true paths.
"""

import csv
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from spoton_common.environment import load_environment
from spoton_common.environment.scene import scene_record
from spoton_mapper.behaviour import BehaviourEvents, BehaviourParameters
from spoton_scenes.event_scores import report
from spoton_scenes.event_truth import TrueEvent
from spoton_schemas.records import (
    CameraMapPoints,
    Event,
    Kind,
    MappedTrack,
    MapPoints,
    Outcome,
    PersonPosition,
    TaskStart,
)

BOX = {"bbox_xyxy": (0.0, 0.0, 1.0, 1.0), "confidence": 0.9, "class_id": 0, "class_name": "person"}


def told(event: Event) -> TrueEvent:
    """Put an event beside the true ones."""
    people = sorted(i for i in (event.global_id, *(o.global_id for o in event.others)) if i is not None)
    end_s = None if event.end_time_us is None else event.end_time_us / 1e6
    direction = event.details.get("direction")
    if event.type == "occupancy_changed":
        direction = "in" if int(event.details["count"]) > int(event.details["before"]) else "out"
    return TrueEvent(event.type, event.event_time_us / 1e6, end_s, event.place, tuple(people), direction)


def map_points(export: Path, fps: float) -> Iterator[MapPoints]:
    """Make map points of an export: one track a person and camera, and its fused position."""
    seen: defaultdict[int, dict[str, dict[int, tuple[float, float]]]] = defaultdict(lambda: defaultdict(dict))
    for path in sorted(export.glob("*.txt")):
        for row in csv.reader(path.read_text().splitlines()):
            if (row[7], row[8]) != ("-1", "-1"):
                seen[int(row[0]) - 1][path.stem][int(row[1])] = (float(row[7]), float(row[8]))
    last = max(seen) + 1
    for tick in range(last + 1):
        by_camera = seen[tick]
        places = {person: place for camera in by_camera.values() for person, place in camera.items()}
        cameras = tuple(
            CameraMapPoints(
                camera_id=camera_id,
                camera_frame_index=tick,
                event_time_us=0,
                tracks=tuple(MappedTrack(track_id=p, global_id=p, **BOX) for p in sorted(people)),  # type: ignore[arg-type]
            )
            for camera_id, people in sorted(by_camera.items())
        )
        people = tuple(
            PersonPosition(
                global_id=person, x_m=x_m, y_m=y_m, vx_m_s=0, vy_m_s=0, std_m=0.1, camera_ids=tuple(sorted(by_camera))
            )
            for person, (x_m, y_m) in sorted(places.items())
        )
        yield MapPoints(
            task_id="t",
            environment_id="e",
            kind=Kind.FRAME if tick < last else Kind.END_OF_TASK,
            outcome=None if tick < last else Outcome.COMPLETED,
            sub_video_batch_index=0,
            global_frame_index=tick,
            event_time_us=round(tick * 1e6 / fps),
            cameras=cameras,
            people=people,
        )


def main(scene_dir: Path, export: Path) -> None:
    """Print a table by type."""
    scene = scene_record(load_environment(scene_dir))
    rule = BehaviourEvents("t", TaskStart(scene, tuple(c.camera_id for c in scene.cameras), 0), BehaviourParameters())
    events: dict[str, Event] = {}
    for record in map_points(export, scene.processing_fps):
        found = rule.feed(record) if record.kind is Kind.FRAME else rule.finish(record)
        events |= {event.event_id: event for event in found}
    sys.stdout.writelines(report(scene_dir, [told(event) for event in events.values()]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
