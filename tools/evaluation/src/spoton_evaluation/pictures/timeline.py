"""Which identity each person had, over time, camera by camera."""

from pathlib import Path
from typing import Any

import numpy as np

from spoton_evaluation.ground import CameraView
from spoton_evaluation.matching import match_pairs
from spoton_evaluation.pictures.canvas import NOBODY, canvas, colour_of
from spoton_evaluation.report import Matched

_BAR = 0.8
_LABEL_S = 0.04  # of the width: shorter stretches carry no number


def draw_timeline(matched: Matched, fps: float, title: str, path: Path) -> None:
    """Draw a row a person and a bar a stretch of one found identity; grey: seen by nobody but the annotator."""
    people = sorted({int(i) for frame in matched.all_frames() for i in frame.true_ids})
    height = 0.8 + len(matched.views) * (0.5 + 0.18 * len(people))
    with canvas(path, 12, height) as figure:
        axes = figure.subplots(len(matched.views), 1, sharex=True, squeeze=False)[:, 0]
        for axis, (camera, view) in zip(axes, matched.views.items(), strict=True):
            _draw_camera(axis, view, fps, people)
            axis.set_ylabel(camera)
        axes[0].set_title(f"{title}: identities found (colour and number) by true person; grey: seen, not found")
        axes[-1].set_xlabel("seconds of video")


def _draw_camera(axis: Any, view: CameraView, fps: float, people: list[int]) -> None:
    numbers = view.frame_numbers
    step_s = float(np.median(np.diff(numbers))) / fps if len(numbers) > 1 else 1 / fps
    length_s = float(numbers[-1]) / fps if len(numbers) else 1.0
    for person, stretches in _stretches(view, fps, step_s).items():
        row = people.index(person)
        for identity, start_s, end_s in stretches:
            colour = colour_of(identity) if identity else NOBODY
            axis.barh(row, end_s - start_s, left=start_s, height=_BAR, color=colour, linewidth=0)
            if identity and end_s - start_s > _LABEL_S * length_s:
                axis.text((start_s + end_s) / 2, row, str(identity), ha="center", va="center", fontsize=7)
    axis.set_yticks(range(len(people)), [str(person) for person in people], fontsize=7)
    axis.set_ylim(len(people) - 0.5, -0.5)
    axis.set_xlim(0, length_s)


def _stretches(view: CameraView, fps: float, step_s: float) -> dict[int, list[tuple[int, float, float]]]:
    """Join a person's frames of one found identity (0: none) to stretches (identity, start, end)."""
    stretches: dict[int, list[tuple[int, float, float]]] = {}
    for number, frame in zip(view.frame_numbers.tolist(), view.frames, strict=True):
        named = {row: int(frame.found_ids[column]) for row, column in match_pairs(frame.similarity)}
        time_s = (number - 1) / fps
        for row, person in enumerate(frame.true_ids.tolist()):
            identity, known = named.get(row, 0), stretches.setdefault(person, [])
            if known and known[-1][0] == identity and time_s - known[-1][2] < step_s / 2:
                known[-1] = (identity, known[-1][1], time_s + step_s)
            else:
                known.append((identity, time_s, time_s + step_s))
    return stretches
