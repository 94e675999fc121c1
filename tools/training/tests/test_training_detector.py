import numpy as np
import pytest
import torch
from spoton_training.detector.evaluation import average_precision, box_ious, judge
from spoton_training.detector.inference import PersonFinder
from spoton_training.detector.training import ARCHITECTURE
from spoton_training.errors import ModelFileError
from spoton_training.offline import import_ultralytics_offline
from spoton_training.pictures import Picture

MIDDLE, LEFT, NOWHERE = [240, 0, 720, 540], [0, 0, 200, 540], [800, 0, 950, 200]


def test_box_ious_of_halves() -> None:
    ious = box_ious(
        np.array([[0, 0, 2, 2]], np.float32), np.array([[0, 0, 2, 1], [1, 0, 3, 2], [5, 5, 6, 6]], np.float32)
    )
    assert ious[0] == pytest.approx([0.5, 1 / 3, 0.0])


def test_average_precision_by_hand() -> None:
    # ranked: hit (1/1), miss, hit (2/3); one of three people never found → (1 + 2/3) / 3
    correct = np.array([True, False, True])
    assert average_precision(correct, np.array([0.9, 0.8, 0.7], np.float32), 3) == pytest.approx(5 / 9)
    assert average_precision(np.zeros(0, np.bool_), np.zeros(0, np.float32), 3) == 0.0


def test_hidden_people_neither_help_nor_hurt(two_people: Picture) -> None:
    judged = judge(np.array([MIDDLE, LEFT, NOWHERE], np.float32), np.array([0.9, 0.8, 0.7], np.float32), two_people)
    assert judged.people == 1
    assert judged.correct.tolist() == [True, False]
    assert judged.confidences.tolist() == pytest.approx([0.9, 0.7])


def test_a_second_box_on_one_person_is_wrong(two_people: Picture) -> None:
    judged = judge(np.array([MIDDLE, MIDDLE], np.float32), np.array([0.6, 0.9], np.float32), two_people)
    assert judged.correct.tolist() == [True, False]
    assert judged.confidences.tolist() == pytest.approx([0.9, 0.6])


def test_no_boxes_are_no_error(two_people: Picture) -> None:
    judged = judge(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), two_people)
    assert (judged.people, len(judged.correct)) == (1, 0)


def test_a_missing_model_is_named(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ModelFileError, match=r"nothing\.onnx"):
        PersonFinder(tmp_path / "nothing.onnx")


def test_a_broken_model_is_named(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "broken.onnx").write_bytes(b"no model")
    with pytest.raises(ModelFileError, match="cannot read"):
        PersonFinder(tmp_path / "broken.onnx")


def test_training_steps_lower_the_loss() -> None:
    import_ultralytics_offline()
    from spoton_training.detector.trainer import Bfloat16DetectionModel
    from ultralytics.cfg import get_cfg

    torch.manual_seed(0)
    model = Bfloat16DetectionModel(str(ARCHITECTURE), nc=1, verbose=False)
    model.args = get_cfg()
    assert sum(parameter.numel() for parameter in model.parameters()) < 800_000
    boxes = torch.tensor([[0.5, 0.5, 0.3, 0.8]]).repeat(2, 1)
    batch = {
        "img": torch.rand(2, 3, 96, 160), "cls": torch.zeros(2, 1), "bboxes": boxes, "batch_idx": torch.arange(2.0)
    }  # fmt: skip
    optimizer = torch.optim.AdamW(model.parameters(), 0.002)
    losses = []
    for _ in range(4):
        total, _ = model.loss(batch)
        losses.append(float(total.sum().detach()))
        optimizer.zero_grad()
        total.sum().backward()
        optimizer.step()
    assert losses[-1] < losses[0]
