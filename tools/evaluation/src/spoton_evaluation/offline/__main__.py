"""Run an environment without Kafka and score it: `python -m spoton_evaluation.offline --help`."""

import argparse
import sys
from pathlib import Path

from spoton_reid.tracking import TRACKER_NAMES

from spoton_evaluation.errors import EvaluationError
from spoton_evaluation.offline.cache import Cache
from spoton_evaluation.offline.export import KINDS, write_exports
from spoton_evaluation.offline.run import Models, OfflineLine, run_environment
from spoton_evaluation.offline.variants import Variant
from spoton_evaluation.report import evaluate


def main() -> int:
    """Detect (or recall), track, associate, export and score."""
    arguments = _parse()
    try:
        line = OfflineLine(Models(arguments.detector, arguments.embedder), Cache(arguments.cache))
        variant = Variant("chosen", arguments.tracker, tracker=arguments.tracker)
        published, timing = run_environment(line, arguments.environment, variant)
        sys.stdout.write(f"tracking {timing.track_s:.1f} s, association {timing.associate_s:.1f} s\n")
        write_exports(published, arguments.out)
        for kind in KINDS:
            report = evaluate(arguments.ground_truth, arguments.out / kind)
            sys.stdout.write(f"{kind}\n{report.to_table()}\n")
    except EvaluationError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Identities of an environment without Kafka, scored.")
    parser.add_argument("--environment", type=Path, required=True, help="folder with environment.yaml")
    parser.add_argument("--ground-truth", type=Path, required=True, help="folder with <camera>/gt.txt")
    parser.add_argument("--detector", default="spoton-demo", help="detection model, name or path")
    parser.add_argument("--embedder", default="spoton-demo", help="embedding model, name or path")
    parser.add_argument("--tracker", choices=TRACKER_NAMES, default="tracklet")
    parser.add_argument("--cache", type=Path, default=Path(".local/cache/eval"), help="kept detections and embeddings")
    parser.add_argument("--out", type=Path, default=Path(".local/offline"), help="exports")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
