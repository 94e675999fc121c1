"""Run an environment without Kafka and score it: `python -m spoton_evaluation.offline --help`."""

import argparse
import sys
import time
from pathlib import Path

from spoton_reid.association import Associator, Bucket
from spoton_reid.embedding import load_embedder
from spoton_reid.tracking import TRACKER_NAMES, create_tracker

from spoton_evaluation.errors import EvaluationError
from spoton_evaluation.offline.detections import detect_people
from spoton_evaluation.offline.environment import OfflineEnvironment, read_environment
from spoton_evaluation.offline.export import write_exports
from spoton_evaluation.offline.observations import observe
from spoton_evaluation.report import evaluate


def main() -> int:
    """Detect, track, associate, export and score."""
    arguments = _parse()
    try:
        environment = read_environment(arguments.environment)
        buckets = _observe_all(environment, arguments)
        _associate(environment, buckets, arguments.out)
        for kind in ("live", "revised"):
            report = evaluate(arguments.ground_truth, arguments.out / kind)
            (arguments.out / f"{kind}.json").write_text(report.to_json(), encoding="utf-8")
            sys.stdout.write(f"{kind}\n{report.to_table()}\n")
    except EvaluationError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Identities of an environment without Kafka, scored.")
    parser.add_argument("--environment", type=Path, required=True, help="folder with environment.yaml")
    parser.add_argument("--ground-truth", type=Path, required=True, help="folder with <camera>/gt.txt")
    parser.add_argument("--detector", type=Path, required=True, help="Ultralytics model")
    parser.add_argument("--embedder", type=Path, required=True, help="embedding model")
    parser.add_argument("--tracker", choices=TRACKER_NAMES, default="tracklet")
    parser.add_argument("--cache", type=Path, default=Path(".local/cache"), help="kept detections")
    parser.add_argument("--out", type=Path, default=Path(".local/offline"), help="exports and reports")
    return parser.parse_args()


def _observe_all(environment: OfflineEnvironment, arguments: argparse.Namespace) -> list[Bucket]:
    embedder = load_embedder(arguments.embedder, threads=2)
    scene = environment.scene
    observed = []
    for camera in scene.cameras:
        video = environment.videos[camera.camera_id]
        detections = detect_people(video, arguments.detector, arguments.cache)
        tracker = create_tracker(arguments.tracker, fps=scene.fps)
        observed.append(observe(video, detections, camera, tracker, embedder, scene.fps))
    ticks = max(len(frames) for frames in observed)
    return [
        Bucket(tick, tuple(o for frames in observed if tick < len(frames) for o in frames[tick]))
        for tick in range(ticks)
    ]


def _associate(environment: OfflineEnvironment, buckets: list[Bucket], out: Path) -> None:
    associator = Associator(environment.scene)
    labelled, revisions = [], []
    started = time.process_time()
    for bucket in buckets:
        published, revised = associator.feed(bucket)
        labelled += published
        revisions += revised
    published, revised = associator.finish()
    spent_ms = 1000 * (time.process_time() - started) / max(1, len(buckets))
    crops = sum(o.embedding is not None for bucket in buckets for o in bucket.observations)
    sys.stdout.write(f"{len(buckets)} ticks, {crops} crops, association {spent_ms:.2f} ms a tick (CPU)\n")
    cameras = [camera.camera_id for camera in environment.scene.cameras]
    write_exports(labelled + published, revisions + revised, cameras, out)


if __name__ == "__main__":
    sys.exit(main())
