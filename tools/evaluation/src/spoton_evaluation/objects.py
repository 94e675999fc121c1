"""Score what is picked up and put back: `python -m spoton_evaluation.objects --help`."""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from spoton_reid.embedding import Embedder
from spoton_scenes.tabletop import CLIPS, QUIET, make_clip

from spoton_evaluation.errors import EvaluationError
from spoton_evaluation.offline.cache import Cache
from spoton_evaluation.offline.embeddings import KeptEmbedder
from spoton_evaluation.offline.run import Models
from spoton_evaluation.offline.tabletop import Deed, find_in_clip, find_in_video, read_truth
from spoton_evaluation.places import Folders

TOLERANCE_S = 0.5
YOLO11N = "yolo11n_int8_openvino_model"


@dataclass(frozen=True, slots=True)
class ObjectScore:
    """What was found of what happened.

    Attributes:
        errors_s: found less true time of what was found.
        missed: what was not found.
        invented: what was found and had not happened.

    """

    errors_s: tuple[float, ...] = ()
    missed: tuple[Deed, ...] = ()
    invented: tuple[Deed, ...] = ()

    @property
    def precision(self) -> float:
        """Share of what was found that had happened; 1 if nothing was found."""
        found = len(self.errors_s) + len(self.invented)
        return len(self.errors_s) / found if found else 1.0

    @property
    def recall(self) -> float:
        """Share of what had happened that was found; 1 if nothing had happened."""
        true = len(self.errors_s) + len(self.missed)
        return len(self.errors_s) / true if true else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0

    def __add__(self, other: "ObjectScore") -> "ObjectScore":
        """Score two clips as one."""
        return ObjectScore(self.errors_s + other.errors_s, self.missed + other.missed, self.invented + other.invented)


def score(true: Sequence[Deed], found: Sequence[Deed], tolerance_s: float = TOLERANCE_S) -> ObjectScore:
    """Match deeds of one type and class, nearest in time first, each at most once."""
    pairs = sorted(
        (abs(there.time_s - here.time_s), first, second)
        for first, here in enumerate(true)
        for second, there in enumerate(found)
        if (here.type, here.class_name) == (there.type, there.class_name)
        and abs(there.time_s - here.time_s) <= tolerance_s
    )
    matched = dict[int, int]()
    for _, first, second in pairs:
        if first not in matched and second not in matched.values():
            matched[first] = second
    return ObjectScore(
        tuple(found[second].time_s - true[first].time_s for first, second in matched.items()),
        tuple(deed for index, deed in enumerate(true) if index not in matched),
        tuple(deed for index, deed in enumerate(found) if index not in matched.values()),
    )


def score_clip(name: str, embedder: Embedder | None, seed: int = 1) -> ObjectScore:
    """Score one generated clip; without an embedder its boxes are not tracked."""
    clip = make_clip(name, seed)
    true = [Deed(deed.type, deed.time_s, deed.class_name) for deed in clip.deeds]
    return score(true, find_in_clip(clip, embedder, seed))


@dataclass(slots=True)
class ObjectTable:
    """Scores by name, for people and for `objects.json`."""

    scores: dict[str, ObjectScore] = field(default_factory=dict)

    def lines(self) -> Iterable[str]:
        """Yield one line a score, and one each thing that was missed or invented."""
        yield f"{'':<18}{'true':>6}{'found':>7}{'missed':>8}{'invented':>10}{'F1':>8}{'largest error, s':>18}"
        for name, one in self.scores.items():
            true, late = len(one.errors_s) + len(one.missed), max(map(abs, one.errors_s), default=0.0)
            counts = f"{true:>6}{len(one.errors_s):>7}{len(one.missed):>8}{len(one.invented):>10}"
            yield f"{name:<18}{counts}{one.f1:>8.3f}{late:>18.2f}"
            for kind, deeds in (("missed", one.missed), ("invented", one.invented)):
                for deed in deeds if name != "generated" else ():
                    yield f"    {kind} {deed.class_name} {deed.type} at {deed.time_s:.2f} s"

    def figures(self) -> dict[str, float]:
        """Return flat figures."""
        return {
            f"objects.{name}.{key}": value
            for name, one in self.scores.items()
            for key, value in (
                ("precision", one.precision),
                ("recall", one.recall),
                ("f1", one.f1),
                ("found", len(one.errors_s)),
                ("missed", len(one.missed)),
                ("invented", len(one.invented)),
            )
        }


def main(arguments: list[str] | None = None) -> int:
    """Score generated clips, quiet ones, and real footage where it is."""
    options = _parser().parse_args(arguments)
    table, cache = ObjectTable(), Cache(options.cache)
    try:
        if options.video:
            truth = options.truth or options.video.with_suffix(".events.csv")
            models = Models(str(options.models / YOLO11N))
            found = find_in_video(options.video, tuple(options.classes.split(",")), models, cache)
            table.scores[options.video.stem] = score(read_truth(truth), found)
        else:
            _score_all(table, cache, options)
    except EvaluationError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    sys.stdout.write("\n".join(table.lines()) + "\n")
    options.reports.mkdir(parents=True, exist_ok=True)
    file = options.reports / "objects.json"
    file.write_text(json.dumps(table.figures(), indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"{file}\n")
    return 0


def _score_all(table: ObjectTable, cache: Cache, options: argparse.Namespace) -> None:
    embedder = KeptEmbedder.open(cache, "spoton-demo", 1)
    clips = {name: score_clip(name, embedder, options.seed) for name in CLIPS}
    table.scores |= clips
    table.scores["generated"] = sum(clips.values(), ObjectScore())
    table.scores |= {name: score_clip(name, embedder, options.seed) for name in QUIET}
    video = options.data / "pickup" / "bottle-detection.mp4"
    if not video.is_file() or not (options.models / YOLO11N).is_dir():
        sys.stderr.write(f"left out: there is no {video}, or no {options.models / YOLO11N}\n")
        return
    found = find_in_video(video, ("bottle",), Models(str(options.models / YOLO11N)), cache)
    table.scores[video.stem] = score(read_truth(video.with_suffix(".events.csv")), found)


def _parser() -> argparse.ArgumentParser:
    folders = Folders()
    parser = argparse.ArgumentParser(
        prog="python -m spoton_evaluation.objects", description="Score what is picked up and put back."
    )
    parser.add_argument("--video", type=Path, help="score this video only")
    parser.add_argument("--truth", type=Path, help="its events: frame,time_s,slot,event,class; default: beside it")
    parser.add_argument("--classes", default="bottle", help="its classes besides person, with commas between them")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other generated clips")
    parser.add_argument("--data", type=Path, default=folders.data, help="folder of real footage")
    parser.add_argument("--models", type=Path, default=folders.models, help="folder of real weights")
    parser.add_argument("--cache", type=Path, default=folders.cache, help="kept detections and embeddings")
    parser.add_argument("--reports", type=Path, default=folders.reports, help="where objects.json goes")
    return parser


if __name__ == "__main__":
    sys.exit(main())
