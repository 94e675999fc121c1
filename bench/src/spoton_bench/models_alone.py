"""The networks alone, on the same pictures: ``python -m spoton_bench.models_alone --help``.

Prints CPU milliseconds of one call of the detector's network and of the embedder's, on inputs of their own size.
"""

import argparse
import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from spoton_detector.detector import Thresholds
from spoton_detector.letterbox import Letterbox
from spoton_detector.yolo_openvino import OpenVinoOptions, YoloOpenVino
from spoton_reid.embedding import load_embedder

from spoton_bench.materials import Materials

_REPEAT = 3


@dataclass(frozen=True, slots=True)
class ModelCost:
    """CPU milliseconds a call."""

    detector_ms: float
    embedder_ms: float


def models_alone(materials: Materials, pictures: int) -> ModelCost:
    """Measure in a process of its own."""
    video = next(iter(materials.videos().values()))[0]
    command = [sys.executable, "-m", "spoton_bench.models_alone", str(video), "--pictures", str(pictures)]
    command += ["--detector", str(materials.detector), "--embedder", str(materials.embedder)]
    finished = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return ModelCost(**json.loads(finished.stdout.splitlines()[-1]))


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("video", type=Path)
    parser.add_argument("--pictures", type=int, required=True)
    parser.add_argument("--detector", type=Path, required=True)
    parser.add_argument("--embedder", type=Path, required=True)
    arguments = parser.parse_args()
    cost = ModelCost(
        _detector_ms(arguments.detector, arguments.video, arguments.pictures),
        _embedder_ms(arguments.embedder, arguments.pictures),
    )
    sys.stdout.write(json.dumps(asdict(cost)) + "\n")
    return 0


def _detector_ms(path: Path, video: Path, pictures: int) -> float:
    detector = YoloOpenVino(path, Thresholds(0.1, 0.7, 300), OpenVinoOptions(1, 1))
    capture = cv2.VideoCapture(str(video))
    inputs: list[NDArray[np.uint8]] = []
    while len(inputs) < pictures and (read := capture.read())[0]:
        network = detector.network_for(read[1].shape[:2])
        inputs.append(Letterbox.fit(read[1].shape[:2], network.input_hw).apply(read[1])[np.newaxis])
    request = network.compiled.create_infer_request()
    request.infer({0: inputs[0]}, share_inputs=True)
    began = time.process_time()
    for _ in range(_REPEAT):
        for picture in inputs:
            request.infer({0: picture}, share_inputs=True)
    return 1000 * (time.process_time() - began) / (_REPEAT * len(inputs))


def _embedder_ms(path: Path, crops: int) -> float:
    embedder = load_embedder(path, threads=1)
    size = (embedder.description.input_height_px, embedder.description.input_width_px, 3)
    pictures = list(np.random.default_rng(1).integers(0, 256, (8, *size), dtype=np.uint8))
    embedder.embed(pictures)
    rounds = max(1, crops // len(pictures))
    began = time.process_time()
    for _ in range(rounds):
        embedder.embed(pictures)
    return 1000 * (time.process_time() - began) / (rounds * len(pictures))


if __name__ == "__main__":
    sys.exit(main())
