"""Scores an embedder on people it was not trained on, across cameras."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spoton_training.embedder.crops import PersonCrops, collect_crops, join_crops
from spoton_training.embedder.preparation import prepare
from spoton_training.progress import show_progress
from spoton_training.runtime import CpuModel, median_ms
from spoton_training.seeds import held_out_scenes

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class EmbedderFigures:
    """Figures of single crops, each compared with crops of other cameras only.

    rank1: share of crops whose nearest is the same person, among everybody of all scenes.
    auc: chance that a same-person pair is more alike than a pair of two people of one scene; auc_any: … of any scenes.
    auc_whole: as auc, of crops that the image border does not cut.
    *_cosine_*: percentiles of the cosines of same-person pairs and of pairs of two people in one scene.
    """

    crops: int
    people: int
    rank1: float
    auc: float
    auc_any: float
    auc_whole: float
    same_cosine_p5: float
    same_cosine_p50: float
    other_cosine_p50: float
    other_cosine_p95: float
    ms_per_crop: float


def evaluate_embedder(file: Path, groups: int, threads: int = 1) -> EmbedderFigures:
    """Score an exported embedder on `groups` held-out groups of 8 to 16 people.

    Raises:
        ModelFileError: no embedder there.
        RecipeError: no groups asked for.

    """
    model = CpuModel(file, threads)
    parts = [collect_crops(seed) for seed in show_progress(held_out_scenes(groups), "meet people", groups)]
    crops = join_crops(parts)
    return score(embed(model, crops), crops, are_whole(crops), median_ms(model))


def embed(model: CpuModel, crops: PersonCrops) -> Floats:
    """Embeddings of all crops, (N, D), each of length 1."""
    rng = np.random.default_rng(41)
    raw = np.concatenate([model(prepare(crops, index, rng)[None]) for index in range(len(crops))])
    unit: Floats = raw / np.maximum(np.linalg.norm(raw, axis=1, keepdims=True), 1e-12)
    return unit


def are_whole(crops: PersonCrops) -> NDArray[np.bool_]:
    """Tell which crops have a margin on all sides, as they have where the image goes on: (N,)."""
    sizes = np.array([crops.pixels(index).shape[1::-1] for index in range(len(crops))])
    margins = np.hstack([crops.inner_xyxy[:, :2], sizes - crops.inner_xyxy[:, 2:]])
    whole: NDArray[np.bool_] = margins.min(axis=1) >= 1.0
    return whole


def pair_cosines(embeddings: Floats, crops: PersonCrops, chosen: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Cosines of the chosen crops' pairs in one scene and two cameras: of one person, and of two."""
    cosines = embeddings @ embeddings.T
    pairs = chosen[:, None] & chosen[None] & (crops.scenes[:, None] == crops.scenes[None])
    pairs &= crops.cameras[:, None] != crops.cameras[None]
    same = crops.identities[:, None] == crops.identities[None]
    return cosines[pairs & same], cosines[pairs & ~same]


def score(embeddings: Floats, crops: PersonCrops, whole: NDArray[np.bool_], ms_per_crop: float) -> EmbedderFigures:
    """Figures of unit embeddings (N, D); a camera of another scene is another camera."""
    cosines = embeddings @ embeddings.T
    views = crops.scenes * 100 + crops.cameras
    apart = views[:, None] != views[None]
    same = (crops.identities[:, None] == crops.identities[None]) & apart
    in_scene = crops.scenes[:, None] == crops.scenes[None]
    other = ~(crops.identities[:, None] == crops.identities[None]) & apart
    both_whole = in_scene & whole[:, None] & whole[None]
    same_values, other_values = cosines[same & in_scene], cosines[other & in_scene]
    nearest = np.where(apart, cosines, -2.0).argmax(axis=1)
    has_match = same.any(axis=1)
    return EmbedderFigures(
        crops=len(crops),
        people=len(np.unique(crops.identities)),
        rank1=float((crops.identities[nearest] == crops.identities)[has_match].mean()),
        auc=area_under_curve(same_values, other_values),
        auc_any=area_under_curve(cosines[same], cosines[other]),
        auc_whole=area_under_curve(cosines[same & both_whole], cosines[other & both_whole]),
        same_cosine_p5=float(np.percentile(same_values, 5)),
        same_cosine_p50=float(np.percentile(same_values, 50)),
        other_cosine_p50=float(np.percentile(other_values, 50)),
        other_cosine_p95=float(np.percentile(other_values, 95)),
        ms_per_crop=ms_per_crop,
    )


def area_under_curve(positives: Floats, negatives: Floats) -> float:
    """Chance that a positive lies above a negative, ties half (the Mann-Whitney U over the number of pairs)."""
    ordered = np.sort(negatives)
    below = np.searchsorted(ordered, positives, side="left")
    not_above = np.searchsorted(ordered, positives, side="right")
    return float((below + not_above).sum() / 2 / (len(positives) * len(negatives)))
