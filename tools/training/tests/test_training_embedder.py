import json

import numpy as np
import onnxruntime
import pytest
import torch
from spoton_training.embedder.crops import PersonCrops, collect_crops, load_groups
from spoton_training.embedder.evaluation import are_whole, area_under_curve, score
from spoton_training.embedder.network import CosFace, EmbedderNetwork
from spoton_training.embedder.preparation import augment, prepare
from spoton_training.embedder.training import EmbedderRecipe, export, fit


@pytest.fixture(scope="module")
def crops() -> PersonCrops:
    return collect_crops(7)


def test_crops_are_deterministic_and_come_from_two_scenes(crops: PersonCrops) -> None:
    again = collect_crops(7)
    assert np.array_equal(crops.inner_xyxy, again.inner_xyxy)
    assert np.array_equal(crops.identities, again.identities)
    assert set(crops.scenes.tolist()) == {14, 15}
    assert len(np.unique(crops.cameras)) == 4
    assert len(np.unique(crops.identities)) >= 5


def test_groups_are_kept_in_files(crops: PersonCrops, tmp_path) -> None:  # type: ignore[no-untyped-def]
    written = load_groups(tmp_path, range(7, 8), workers=1)
    (file,) = tmp_path.iterdir()
    time_written = file.stat().st_mtime_ns
    read = load_groups(tmp_path, range(7, 8), workers=1)
    assert file.stat().st_mtime_ns == time_written
    assert written.jpegs == read.jpegs
    assert np.array_equal(read.inner_xyxy, crops.inner_xyxy)
    assert np.array_equal(read.identities, crops.identities)


def test_preparation_has_the_networks_shape_and_range(crops: PersonCrops) -> None:
    prepared = prepare(crops, 0)
    assert prepared.shape == (3, 256, 128)
    assert -2.0 <= prepared.min() < prepared.max() <= 2.0
    changed = augment(prepared, np.random.default_rng(1))
    assert changed.shape == prepared.shape
    assert not np.array_equal(changed, prepared)


def test_a_short_training_runs_and_exports(crops: PersonCrops, tmp_path) -> None:  # type: ignore[no-untyped-def]
    network = fit(crops, 1, EmbedderRecipe(epochs=1, batch=16))
    session = onnxruntime.InferenceSession(export(network, tmp_path))
    image = prepare(crops, 0)[None]
    with torch.inference_mode():
        expected = network(torch.from_numpy(image)).numpy()
    assert session.run(None, {"images": image})[0] == pytest.approx(expected, abs=1e-3)
    told = json.loads(session.get_modelmeta().custom_metadata_map["spoton_embedder"])
    assert (told["colour_order"], told["input_height_px"], told["input_width_px"]) == ("bgr", 256, 128)


def test_network_is_small_and_its_loss_prefers_the_right_centre() -> None:
    assert sum(parameter.numel() for parameter in EmbedderNetwork().parameters()) < 1_000_000
    loss = CosFace(3)
    near = loss.centres.detach()
    assert loss(near, torch.arange(3)) < loss(near, torch.tensor([1, 2, 0]))


def test_crops_cut_by_the_border_are_not_whole(crops: PersonCrops) -> None:
    whole = are_whole(crops)
    assert 0 < whole.sum() < len(crops)
    assert not whole[crops.inner_xyxy[:, :2].min(axis=1) == 0].any()


def test_area_under_curve_by_hand() -> None:
    values = np.array([0.5, 0.9], np.float32), np.array([0.1, 0.5], np.float32)
    assert area_under_curve(*values) == pytest.approx(3.5 / 4)  # one tie of four pairs


def test_scores_compare_other_cameras_only() -> None:
    # person 1 on cameras 0 and 1 alike; person 2's two crops, both on camera 0, must not be compared
    embeddings = np.eye(3, dtype=np.float32)[[0, 0, 1, 1]]
    crops = PersonCrops(
        jpegs=[b""] * 4,
        inner_xyxy=np.zeros((4, 4), np.float32),
        identities=np.array([1, 1, 2, 2]),
        scenes=np.zeros(4, np.int64),
        cameras=np.array([0, 1, 0, 0]),
    )
    figures = score(embeddings, crops, np.array([True, True, True, False]), ms_per_crop=1.0)
    assert (figures.rank1, figures.auc, figures.people) == (1.0, 1.0, 2)
    assert figures.same_cosine_p50 == pytest.approx(1.0)
