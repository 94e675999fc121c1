"""Score what is picked up and put back: `python -m spoton_evaluation.objects --help`."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from spoton_reid.embedding import Embedder
from spoton_scenes.tabletop import CLIPS, QUIET, as_bottles, draw_video, make_clip

from spoton_evaluation.errors import EvaluationError
from spoton_evaluation.offline.cache import Cache, whole_file
from spoton_evaluation.offline.embeddings import KeptEmbedder
from spoton_evaluation.offline.run import Models
from spoton_evaluation.offline.tabletop import Deed, find_in_clip, find_in_video, read_truth
from spoton_evaluation.places import Folders

TOLERANCE_S = 0.5
TOTALS = ("generated", "quiet", "drawn")
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


TITLES = f"{'':<18}{'true':>6}{'found':>7}{'missed':>8}{'invented':>10}{'F1':>8}{'largest error, s':>18}"


def to_lines(name: str, one: ObjectScore, *, details: bool = True) -> str:
    """Write a score in one line, and one each thing that was missed or invented."""
    true, late = len(one.errors_s) + len(one.missed), max(map(abs, one.errors_s), default=0.0)
    counts = f"{true:>6}{len(one.errors_s):>7}{len(one.missed):>8}{len(one.invented):>10}"
    lines = [f"{name:<18}{counts}{one.f1:>8.3f}{late:>18.2f}"]
    for kind, deeds in (("missed", one.missed), ("invented", one.invented)):
        lines += [f"    {kind} {d.class_name} {d.type} at {d.time_s:.2f} s" for d in deeds if details]
    return "\n".join(lines) + "\n"


def to_figures(scores: Mapping[str, ObjectScore]) -> dict[str, float]:
    """Return flat figures."""
    return {
        f"objects.{name}.{key}": value
        for name, one in scores.items()
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
    scores = dict[str, ObjectScore]()
    sys.stdout.write(f"{TITLES}\n")
    try:
        for name, one in _score_video(options) if options.video else _score_all(options):
            scores[name] = one
            sys.stdout.write(to_lines(name, one, details=name not in TOTALS))
            sys.stdout.flush()
    except EvaluationError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    options.reports.mkdir(parents=True, exist_ok=True)
    file = options.reports / "objects.json"
    file.write_text(json.dumps(to_figures(scores), indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"{file}\n")
    return 0


def score_drawn(name: str, models: Models, cache: Cache, seed: int = 1) -> ObjectScore:
    """Score one generated clip as a video: pictures through the detector, as real footage."""
    clip = as_bottles(make_clip(name, seed))
    video = cache.path("drawn", name, str(seed), suffix=".mp4")
    if not video.is_file():
        with whole_file(video) as unfinished:
            draw_video(clip, unfinished, seed)
    true = [Deed(deed.type, deed.time_s, deed.class_name) for deed in clip.deeds]
    return score(true, find_in_video(video, ("bottle",), models, cache))


def _score_all(options: argparse.Namespace) -> Iterator[tuple[str, ObjectScore]]:
    video = options.data / "pickup" / "bottle-detection.mp4"
    if video.is_file() and (options.models / YOLO11N).is_dir():
        yield from _score_video(argparse.Namespace(**{**vars(options), "video": video}))
        if options.drawn:
            yield from _score_all_drawn(options)
    else:
        sys.stderr.write(f"left out: there is no {video}, or no {options.models / YOLO11N}\n")
    embedder = KeptEmbedder.open(Cache(options.cache), "spoton-demo", 1)
    for total, names in zip(TOTALS, (CLIPS, QUIET), strict=True):
        found = ObjectScore()
        for name in names:
            one = score_clip(name, embedder, options.seed)
            found += one
            yield name, one
        yield total, found


def _score_all_drawn(options: argparse.Namespace) -> Iterator[tuple[str, ObjectScore]]:
    """Score one variation of each kind; noise of boxes, in which they differ, is here the detector's own."""
    models, cache, found = Models(str(options.models / YOLO11N)), Cache(options.cache), ObjectScore()
    for name in (*CLIPS, QUIET[0]):
        if name.endswith("-1"):
            one = score_drawn(name, models, cache, options.seed)
            found += one
            yield f"{name}, drawn", one
    yield "drawn", found


def _score_video(options: argparse.Namespace) -> Iterator[tuple[str, ObjectScore]]:
    true = read_truth(options.truth or options.video.with_suffix(".events.csv"))
    models = Models(str(options.models / YOLO11N))
    classes = tuple(options.classes.split(","))
    yield options.video.stem, score(true, find_in_video(options.video, classes, models, Cache(options.cache)))


def _parser() -> argparse.ArgumentParser:
    folders = Folders()
    parser = argparse.ArgumentParser(
        prog="python -m spoton_evaluation.objects", description="Score what is picked up and put back."
    )
    parser.add_argument("--video", type=Path, help="score this video only")
    parser.add_argument("--truth", type=Path, help="its events: frame,time_s,slot,event,class; default: beside it")
    parser.add_argument("--classes", default="bottle", help="its classes besides person, with commas between them")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other generated clips")
    parser.add_argument("--drawn", action="store_true", help="also draw clips and show them to the detector: minutes")
    parser.add_argument("--data", type=Path, default=folders.data, help="folder of real footage")
    parser.add_argument("--models", type=Path, default=folders.models, help="folder of real weights")
    parser.add_argument("--cache", type=Path, default=folders.cache, help="kept detections and embeddings")
    parser.add_argument("--reports", type=Path, default=folders.reports, help="where objects.json goes")
    return parser


if __name__ == "__main__":
    sys.exit(main())
