"""Writes the ground truth: MOTChallenge files per camera, floor positions, and everything as JSON.

A MOTChallenge row is `frame,id,x,y,w,h,considered,class,visibility`: frames count from 1 over all sub-
videos of a camera, class 1 is a person, considered is 0 (to be ignored, as the format has it) for somebody
who is outside the monitored floor or of whom no pixel is seen.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from spoton_scenes.film import BatchTruth, Film
from spoton_scenes.scene import Scene
from spoton_scenes.truth import PersonBox


def write_ground_truth(film: Film, batches: Iterable[BatchTruth], folder: Path) -> None:
    """Write `<camera>/gt.txt`, `floor.csv`, `ground_truth.json` into `folder`; same film, same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    by_place = {(batch.camera_index, batch.batch): batch.boxes for batch in batches}
    cameras: dict[str, list[list[PersonBox]]] = {}
    for index, camera in enumerate(film.scene.cameras):
        cameras[camera.camera_id] = [
            boxes for batch in range(len(film.batch_frames)) for boxes in by_place[index, batch]
        ]
    for camera_id, frames in cameras.items():
        (folder / camera_id).mkdir(exist_ok=True)
        (folder / camera_id / "gt.txt").write_text(mot_rows(film.scene, frames))
    (folder / "floor.csv").write_text(floor_rows(film))
    (folder / "ground_truth.json").write_text(json.dumps(_document(film, cameras), separators=(",", ":")))


def mot_rows(scene: Scene, frames: list[list[PersonBox]]) -> str:
    """Return the MOTChallenge text of one camera."""
    lines = []
    for frame, boxes in enumerate(frames, start=1):
        for box in sorted(boxes, key=lambda box: box.person_id):
            x1, y1, x2, y2 = box.bbox_xyxy
            considered = int(box.visibility > 0 and on_floor(scene, *box.floor_m))
            numbers = f"{frame},{box.person_id},{x1:.0f},{y1:.0f},{x2 - x1:.0f},{y2 - y1:.0f}"
            lines.append(f"{numbers},{considered},1,{box.visibility:.4f}\n")
    return "".join(lines)


def floor_rows(film: Film) -> str:
    """Everybody's floor position at every frame, seen or not: `frame,id,x_m,y_m`, frames from 1."""
    lines = ["frame,id,x_m,y_m\n"]
    for frame, states in enumerate(film.states, start=1):
        lines += [
            f"{frame},{film.scene.people[state.index].person_id},{state.x_m:.3f},{state.y_m:.3f}\n" for state in states
        ]
    return "".join(lines)


def on_floor(scene: Scene, x_m: float, y_m: float) -> bool:
    """Whether a position is on the floor rectangle (the monitored area)."""
    return 0 <= x_m <= scene.width_m and 0 <= y_m <= scene.depth_m


def _document(film: Film, cameras: dict[str, list[list[PersonBox]]]) -> dict[str, Any]:
    """See the package's README for the fields."""
    scene = film.scene
    return {
        "scene": scene.name,
        "seed": scene.seed,
        "fps": film.fps,
        "batch_frames": list(film.batch_frames),
        "people": [
            {
                "id": person.person_id,
                "height_m": round(person.looks.height_m, 3),
                "speed_m_s": round(person.gait.speed_m_s, 3),
            }
            for person in scene.people
        ],
        "cameras": {
            camera.camera_id: {
                "position_m": list(camera.position_m),
                "target_m": list(camera.target_m),
                "focal_px": camera.focal_px,
                "size_px": [camera.width_px, camera.height_px],
                "image_to_floor": camera.image_to_floor.tolist(),
            }
            for camera in scene.cameras
        },
        "frames": [
            {
                "floor": {
                    str(scene.people[state.index].person_id): [round(state.x_m, 3), round(state.y_m, 3)]
                    for state in states
                },
                "boxes": {
                    camera_id: [
                        {
                            "id": box.person_id,
                            "bbox_xyxy": list(box.bbox_xyxy),
                            "visibility": round(box.visibility, 4),
                            "considered": box.visibility > 0 and on_floor(scene, *box.floor_m),
                        }
                        for box in frames[index]
                    ]
                    for camera_id, frames in cameras.items()
                },
            }
            for index, states in enumerate(film.states)
        ],
    }
