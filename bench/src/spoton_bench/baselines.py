"""Other ways to do it, each in a process of its own: ``python -m spoton_bench.baselines --help``.

``yolo-track`` is Ultralytics' ``track`` with BoT-SORT as it comes. ``one-process`` is what one writes first: a loop
over the videos with the same detector, an embedding for every box, and BoT-SORT with these embeddings. Both print
frames, seconds and CPU seconds as JSON, without the time to import and load.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from spoton_reid.embedding import load_embedder
from spoton_reid.tracking import Tracker, create_tracker

from spoton_bench.materials import Materials

_IDS_PER_VIDEO = 100_000  # neither way joins cameras: their identities are kept apart
_LEAST_SCORE = 0.1  # as Ultralytics' own `track`

_Person = tuple[int, list[float], float]  # track, xyxy in pixels, score


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a way cost: pictures, wall-clock and CPU seconds."""

    frames: int
    wall_s: float
    cpu_s: float

    @property
    def frames_per_s(self) -> float:
        """Speed over all cameras."""
        return self.frames / self.wall_s


def run_baseline(way: str, materials: Materials, out: Path) -> Baseline:
    """Run a way on all videos and write its identities, one ``<camera>.txt`` a camera, to ``out``."""
    videos = [f"{camera}={path}" for camera, paths in materials.videos().items() for path in paths]
    command = [sys.executable, "-m", "spoton_bench.baselines", way, *videos, "--out", str(out)]
    command += ["--detector", str(materials.detector), "--embedder", str(materials.embedder)]
    finished = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Baseline(**json.loads(finished.stdout.splitlines()[-1]))


def main() -> int:
    """Run one way on videos, one after the other."""
    arguments = _parse()
    # No host is looked up, nothing is installed while time is taken.
    os.environ.update({"YOLO_OFFLINE": "1", "YOLO_AUTOINSTALL": "0"})
    make = YoloTrack if arguments.way == "yolo-track" else OneProcess
    way: YoloTrack | OneProcess = make(arguments.detector, arguments.embedder)
    counts: dict[str, int] = {}
    lines: dict[str, list[str]] = {}
    wall, cpu = time.perf_counter(), time.process_time()
    for number, text in enumerate(arguments.videos):
        camera, _, video = text.partition("=")
        for people in way.people(Path(video)):
            counts[camera] = counts.get(camera, 0) + 1
            first_id = (number + 1) * _IDS_PER_VIDEO
            lines.setdefault(camera, []).extend(_line(counts[camera], first_id, person) for person in people)
    baseline = Baseline(sum(counts.values()), time.perf_counter() - wall, time.process_time() - cpu)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for camera in counts:
        (arguments.out / f"{camera}.txt").write_text("".join(lines.get(camera, [])), encoding="utf-8")
    sys.stdout.write(json.dumps(asdict(baseline)) + "\n")
    return 0


class YoloTrack:
    """``yolo track``: detector and BoT-SORT of Ultralytics, with its own settings."""

    def __init__(self, detector: Path, _embedder: Path) -> None:
        self._model = _load_yolo(detector)

    def people(self, video: Path) -> Iterator[list[_Person]]:
        """Yield the tracked people of each picture."""
        for result in self._model.track(
            str(video), stream=True, tracker="botsort.yaml", classes=[0], device="cpu", verbose=False
        ):
            boxes = result.boxes
            ids = [] if boxes.id is None else boxes.id.int().tolist()
            yield list(zip(ids, boxes.xyxy.tolist(), boxes.conf.tolist(), strict=False))


class OneProcess:
    """Detector, an embedding for every box, BoT-SORT with these embeddings, in one loop."""

    def __init__(self, detector: Path, embedder: Path) -> None:
        self._model = _load_yolo(detector)
        self._embedder = load_embedder(embedder, threads=usable_cores())
        self._embedder.warm_up()

    def people(self, video: Path) -> Iterator[list[_Person]]:
        """Yield the tracked people of each picture."""
        capture = cv2.VideoCapture(str(video))
        tracker = create_tracker("botsort", fps=capture.get(cv2.CAP_PROP_FPS), use_appearance=True)
        frame = 0
        while True:
            there, image = capture.read()
            if not there:
                return
            yield self._track(tracker, frame, image)
            frame += 1

    def _track(self, tracker: Tracker, frame: int, image: Any) -> list[_Person]:
        (result,) = self._model.predict(image, conf=_LEAST_SCORE, classes=[0], device="cpu", verbose=False)
        boxes, scores = result.boxes.xyxy.numpy(), result.boxes.conf.numpy()
        embeddings = list(self._embedder.embed([_crop(image, box) for box in boxes]))
        tracks = tracker.update(frame, boxes, scores, np.zeros(len(boxes), np.int64), embeddings)
        return [(track.track_id, list(track.bbox_xyxy), track.confidence) for track in tracks]


def usable_cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("way", choices=["yolo-track", "one-process"])
    parser.add_argument("videos", nargs="+", metavar="CAMERA=VIDEO")
    parser.add_argument("--detector", required=True, type=Path)
    parser.add_argument("--embedder", required=True, type=Path)
    parser.add_argument("--out", required=True, type=Path)
    return parser.parse_args()


def _load_yolo(detector: Path) -> Any:
    from ultralytics import YOLO  # looks hosts up when imported, unless told otherwise before

    model = YOLO(str(detector), task="detect")
    model.predict(np.zeros((288, 360, 3), np.uint8), device="cpu", verbose=False)
    return model


def _crop(image: Any, box: Any) -> Any:
    x1, y1 = (max(0, int(edge)) for edge in box[:2])
    x2, y2 = max(x1 + 1, round(float(box[2]))), max(y1 + 1, round(float(box[3])))
    return np.ascontiguousarray(image[min(y1, image.shape[0] - 1) : y2, min(x1, image.shape[1] - 1) : x2])


def _line(frame: int, first_id: int, person: _Person) -> str:
    track_id, (x1, y1, x2, y2), score = person
    box = f"{x1:.2f},{y1:.2f},{x2 - x1:.2f},{y2 - y1:.2f}"
    return f"{frame},{first_id + track_id},{box},{score:.3f},-1,-1,-1\n"


if __name__ == "__main__":
    sys.exit(main())
