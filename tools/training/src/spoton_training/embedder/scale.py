"""How to read an embedder's cosines: as log-odds that two crops show one person."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from scipy.optimize import minimize

from spoton_training.embedder.crops import collect_crops, join_crops
from spoton_training.embedder.evaluation import are_whole, embed, pair_cosines
from spoton_training.embedder.preparation import METADATA_KEY
from spoton_training.progress import show_progress
from spoton_training.runtime import CpuModel
from spoton_training.seeds import training_scenes

Floats = NDArray[np.float32]

SCALE_GROUPS = 10
_SCALE_OFFSET = 80_000  # of a seed's scenes: trained on by none


@dataclass(frozen=True)
class CosineScale:
    """log-odds of one person = slope · (cosine − even_cosine), where both are equally likely beforehand."""

    even_cosine: float
    slope: float


def fit_scale(same: Floats, other: Floats) -> CosineScale:
    """Logistic regression on cosines of same-person pairs and of pairs of two people, each kind weighing the same."""

    def loss(line: NDArray[np.float64]) -> float:
        offset, slope = line
        same_loss = np.logaddexp(0.0, -(offset + slope * same)).mean()
        return float(same_loss + np.logaddexp(0.0, offset + slope * other).mean())

    offset, slope = minimize(loss, x0=np.array([-1.0, 5.0])).x
    return CosineScale(float(-offset / slope), float(slope))


def measure_scale(file: Path, seed: int) -> CosineScale:
    """Fit the scale of an exported embedder on people of `seed` that it was not trained on."""
    scenes = training_scenes(seed, SCALE_GROUPS, _SCALE_OFFSET)
    crops = join_crops([collect_crops(scene) for scene in show_progress(scenes, "meet people", len(scenes))])
    same, other = pair_cosines(embed(CpuModel(file, 1), crops), crops, are_whole(crops))
    return fit_scale(same, other)


def write_scale(file: Path, scale: CosineScale) -> None:
    """Put the scale into the description that the file carries."""
    model = onnx.load(file)
    properties = {entry.key: entry.value for entry in model.metadata_props}
    described = json.loads(properties[METADATA_KEY])
    described |= {"even_cosine": round(scale.even_cosine, 3), "slope": round(scale.slope, 2)}
    onnx.helper.set_model_props(model, {**properties, METADATA_KEY: json.dumps(described)})
    onnx.save(model, file)
