"""Speed of a YOLO export, run by us and by Ultralytics, in turns: python speed.py MODEL VIDEO.

Where other work shares the machine, compare the processor's time: it counts only what this process used.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
from spoton_detector.detector import Image, Thresholds
from spoton_detector.yolo_openvino import OpenVinoOptions, YoloOpenVino

ROUNDS, PICTURES = 5, 24
THRESHOLDS = Thresholds(0.25, 0.7, 300)


def read(video: str) -> list[Image]:
    """Return the first pictures of a video."""
    capture = cv2.VideoCapture(video)
    return [capture.read()[1] for _ in range(PICTURES)]


def ours(model: Path, options: OpenVinoOptions, batch: int) -> Callable[[list[Image]], object]:
    """Return what detects in batches as the stage gets them."""
    detector = YoloOpenVino(model, THRESHOLDS, options)
    detector.warm_up()
    return lambda pictures: [detector.detect(pictures[i : i + batch]) for i in range(0, len(pictures), batch)]


def theirs(model: Path) -> Callable[[list[Image]], object]:
    """Return Ultralytics' own predict, a picture a call."""
    os.environ |= {"YOLO_OFFLINE": "1", "YOLO_AUTOINSTALL": "0"}
    from ultralytics import YOLO

    yolo = YOLO(model, task="detect")
    return lambda pictures: [yolo.predict(picture, conf=0.25, verbose=False) for picture in pictures]


def main(model: Path, video: str) -> None:
    """Measure in turns, because other work on the machine comes and goes."""
    pictures = read(video)
    runs = {"ultralytics predict": theirs(model)} | {
        f"ours {precision}, {requests} x {2 // requests} threads, batch {batch}": ours(
            model, OpenVinoOptions(2, requests, precision), batch
        )
        for precision in ("f32", "bf16")
        for requests, batch in ((1, 1), (2, 8))
    }
    wall_s: dict[str, list[float]] = {name: [] for name in runs}
    cpu_s: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            started, cpu_started = time.perf_counter(), time.process_time()
            run(pictures)
            wall_s[name].append(time.perf_counter() - started)
            cpu_s[name].append(time.process_time() - cpu_started)
    for name, times in wall_s.items():
        best, median = (PICTURES / value for value in (min(times), statistics.median(times)))
        cpu_ms = 1000 * min(cpu_s[name]) / PICTURES
        print(f"{name:40s} best {best:5.1f}  median {median:5.1f} frames/s, {cpu_ms:5.1f} ms of processor a frame")


main(Path(sys.argv[1]), sys.argv[2])
