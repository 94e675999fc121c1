"""Embedders: preparation of crops, independence of company, errors, the gate and the budget."""

from pathlib import Path

import numpy as np
import openvino as ov
import pytest
import torch
from openvino import opset13 as ops
from spoton_reid.embedding import CropGate, CropSelector, SelectionParameters, box_visibilities, load_embedder
from spoton_reid.embedding.description import ModelDescription, describe_model
from spoton_reid.errors import CropError, ModelDescriptionError, ModelNotFoundError, UnreadableModelError

_MODELS = Path(__file__).resolve().parents[4] / "shared" / "models"
_RETAIL = _MODELS / "person-reidentification-retail-0286"
_OSNET = _MODELS / "osnet_x0_25_msmt17" / "osnet_x0_25_msmt17.onnx"
_SIDECAR = "name: tiny\ncolour_order: rgb\nscale: 1\ninput_height_px: 8\ninput_width_px: 4\n"


@pytest.fixture
def tiny_model(tmp_path: Path) -> Path:
    """A network whose embedding is the mean of each channel, with its description beside it."""
    data = ops.parameter([1, 3, 8, 4], np.float32, name="data")
    mean = ops.reduce_mean(data, np.array([2, 3]), keep_dims=False)
    ov.save_model(ov.Model([mean], [data], "tiny"), tmp_path / "tiny.xml", compress_to_fp16=False)
    (tmp_path / "embedder.yaml").write_text(_SIDECAR)
    return tmp_path


def crop(seed: int, size: tuple[int, int] = (150, 61)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)


def test_colour_order_and_normalisation(tiny_model: Path) -> None:
    embedder = load_embedder(tiny_model)
    blue = np.zeros((20, 10, 3), dtype=np.uint8)
    blue[:, :, 0] = 200  # BGR
    assert embedder.embed([blue]).tolist() == [[0.0, 0.0, 1.0]]  # blue comes last in RGB, length 1
    assert (embedder.name, embedder.dimension) == ("tiny", 3)
    assert embedder.embed([]).shape == (0, 3)
    assert np.isfinite(embedder.embed([np.zeros((9, 9, 3), dtype=np.uint8)])).all()


def test_prepare_applies_scale_mean_and_std() -> None:
    description = ModelDescription(
        name="x", colour_order="bgr", scale=1 / 255, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25)
    )
    prepared = description.prepare(np.full((10, 10, 3), 255, dtype=np.uint8))
    assert prepared.shape == (3, 256, 128)
    assert prepared.dtype == np.float32
    assert np.allclose(prepared, 2.0)


def test_prepare_hands_pixels_on_to_a_network_that_scales_them_itself() -> None:
    picture = crop(1, (256, 128))
    prepared = ModelDescription(name="x", colour_order="rgb").prepare(picture)
    assert prepared.dtype == np.float32
    assert prepared.flags.c_contiguous
    assert np.array_equal(prepared, picture[:, :, ::-1].transpose(2, 0, 1))


@pytest.mark.skipif(not _RETAIL.exists(), reason=f"{_RETAIL.name} is not on this machine")
def test_bf16_gives_nearly_the_same_embeddings_each_time() -> None:
    crops = [crop(seed, (100, 40)) for seed in range(3)]
    exact = load_embedder(_RETAIL).embed(crops)
    faster = load_embedder(_RETAIL, threads=2, precision="bf16")
    assert np.array_equal(faster.embed(crops), np.concatenate([faster.embed([one]) for one in crops]))
    assert (np.einsum("nd,nd->n", exact, faster.embed(crops)) > 0.99).all()


@pytest.mark.parametrize("path", [_RETAIL, _OSNET], ids=["openvino", "onnx"])
def test_embedding_does_not_depend_on_its_neighbours(path: Path) -> None:
    if not path.exists():
        pytest.skip(f"{path.name} is not on this machine")
    embedder = load_embedder(path, threads=2)
    embedder.warm_up()
    crops = [crop(seed, (100 + 7 * seed, 40 + seed)) for seed in range(7)]
    together = embedder.embed(crops)
    alone = np.concatenate([embedder.embed([one]) for one in crops])
    assert np.array_equal(together, alone)
    assert np.array_equal(together, load_embedder(path, threads=1).embed(crops))
    assert np.allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-6)


def test_torchscript(tmp_path: Path) -> None:
    module = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    torch.jit.save(torch.jit.script(module), str(tmp_path / "mean.pt"))
    (tmp_path / "embedder.yaml").write_text(_SIDECAR)
    embedder = load_embedder(tmp_path / "mean.pt")
    crops = [crop(seed) for seed in range(3)]
    assert np.array_equal(embedder.embed(crops)[1:2], embedder.embed([crops[1]]))


def test_torchscript_without_torch_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spoton_reid.embedding.loading.find_spec", lambda _name: None)
    (tmp_path / "m.pt").touch()
    with pytest.raises(UnreadableModelError, match=r"spoton-reid\[torch\]"):
        load_embedder(tmp_path / "m.pt")


def test_onnx_metadata_describes_the_model(tmp_path: Path) -> None:
    description = describe_model(tmp_path / "ours.onnx", _SIDECAR)
    assert (description.name, description.colour_order, description.input_height_px) == ("tiny", "rgb", 8)


def test_missing_and_broken_models_are_named(tmp_path: Path, tiny_model: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="nowhere"):
        load_embedder(tmp_path / "nowhere.onnx")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelNotFoundError, match="empty"):
        load_embedder(tmp_path / "empty")
    for name in ("broken.onnx", "broken.xml", "broken.pt", "model.bin"):
        (tmp_path / name).write_text("not a model")
        with pytest.raises(UnreadableModelError, match=name):
            load_embedder(tmp_path / name)
    (tiny_model / "second.onnx").write_text("")
    with pytest.raises(UnreadableModelError, match="several models"):
        load_embedder(tiny_model)


def test_models_that_nothing_describes_are_refused(tiny_model: Path) -> None:
    (tiny_model / "embedder.yaml").unlink()
    with pytest.raises(ModelDescriptionError, match=r"embedder\.yaml"):
        load_embedder(tiny_model / "tiny.xml")
    (tiny_model / "embedder.yaml").write_text("name: x\ncolour_order: cmyk\n")
    with pytest.raises(ModelDescriptionError, match="colour_order"):
        load_embedder(tiny_model / "tiny.xml")
    (tiny_model / "embedder.yaml").write_text("name: x\ncolour_order: rgb\ninput_height_px: 99\n")
    with pytest.raises(ModelDescriptionError, match="input"):
        load_embedder(tiny_model / "tiny.xml")


def test_bad_crops_are_refused(tiny_model: Path) -> None:
    embedder = load_embedder(tiny_model / "tiny.xml")
    for bad in (np.zeros((0, 4, 3), np.uint8), np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32)):
        with pytest.raises(CropError, match="crop 1"):
            embedder.embed([crop(0), bad])


def test_visibility_is_what_the_nearest_occluder_leaves() -> None:
    boxes = np.array([[0, 0, 10, 100], [5, 0, 15, 120], [100, 0, 110, 50]], dtype=np.float32)
    assert box_visibilities(boxes).tolist() == [0.5, 1.0, 1.0]
    assert box_visibilities(np.zeros((0, 4), np.float32)).shape == (0,)


def test_gate_refuses_each_kind_of_bad_crop() -> None:
    boxes = np.array(
        [
            [100, 50, 140, 150],  # good
            [100, 50, 110, 70],  # small
            [0, 50, 14, 150],  # sliver
            [100, 50, 140, 150],  # hidden
            [100, 50, 140, 150],  # unsure
            [620, 50, 660, 150],  # half outside
        ],
        dtype=np.float32,
    )
    visibilities = np.array([1, 1, 1, 0.1, 1, 1], dtype=np.float32)
    confidences = np.array([0.9, 0.9, 0.9, 0.9, 0.1, 0.9], dtype=np.float32)
    accepted = CropGate().accepts(boxes, confidences, visibilities, (640, 480))
    assert accepted.tolist() == [True, False, False, False, False, False]


def test_selector_takes_first_crops_then_few_then_more_at_a_contact() -> None:
    parameters = SelectionParameters(2, 0.1, 0.2, 1.0, 0.8, 0.0)
    selector = CropSelector(fps=10, parameters=parameters)
    ids, good = np.array([4]), np.array([True])
    free, hidden = np.ones(1, np.float32), np.full(1, 0.5, np.float32)
    chosen = [f for f in range(20) if selector.select(f, ids, free, good)[0]]
    assert chosen == [0, 1, 11]
    chosen = [f for f in range(20, 27) if selector.select(f, ids, hidden, good)[0]]
    assert chosen == [20, 22, 24, 26]
    assert not selector.select(60, ids, free, np.array([False]))[0]


def test_selector_takes_half_as_many_where_pictures_are_left_out() -> None:
    selector = CropSelector(fps=10, parameters=SelectionParameters(2, 0.1, 0.2, 1.0, 0.8, 0.0, sparse_factor=2.0))
    ids, good, free = np.array([4]), np.array([True]), np.ones(1, np.float32)
    assert [f for f in range(25) if selector.select(f, ids, free, good, sparse=True)[0]] == [0, 2, 22]
