"""From a seed to an ONNX detector: render, train, export."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import onnx
import torch

from spoton_training.detector.dataset import write_data_file, write_split
from spoton_training.offline import WORK_FOLDER, import_ultralytics_offline
from spoton_training.seeds import training_scenes

ARCHITECTURE = Path(__file__).with_name("architecture.yaml")
MODEL_NAME = "spoton-demo-detector.onnx"
NMS_IOU = 0.5  # above it the small network's second boxes of one person remain; real crowds lose a few boxes
_VALIDATION_OFFSET = 90_000  # of a seed's scenes: watched while training, trained on by none


@dataclass(frozen=True)
class DetectorRecipe:
    """What a detector is made from; the model card says where the shipped file differs."""

    scenes: int = 480
    validation_scenes: int = 24
    epochs: int = 10
    whole_picture_epochs: int = 2
    batch: int = 16
    learning_rate: float = 0.002
    threads: int = 2
    workers: int = 1


def train_detector(seed: int, out: Path, recipe: DetectorRecipe) -> Path:
    """Train on the scenes of `seed` and write spoton-demo-detector.onnx into `out`; returns its path.

    Raises:
        RecipeError: the seed or the number of scenes is out of range.

    """
    data_file = _render(seed, recipe)
    import_ultralytics_offline()
    checkpoint = _train(seed, data_file, recipe)
    return _export(checkpoint, out)


def _render(seed: int, recipe: DetectorRecipe) -> Path:
    folder = WORK_FOLDER / f"detector-{seed}"
    validation = training_scenes(seed, recipe.validation_scenes, _VALIDATION_OFFSET)
    write_split(folder / "val", validation, recipe.workers)
    write_split(folder / "train", training_scenes(seed, recipe.scenes), recipe.workers)
    return write_data_file(folder)


def _train(seed: int, data_file: Path, recipe: DetectorRecipe) -> Path:
    from spoton_training.detector.trainer import INPUT_WIDTH_PX, WideTrainer

    torch.set_num_threads(recipe.threads)
    trainer = WideTrainer(
        overrides={
            "model": str(ARCHITECTURE),
            "data": str(data_file),
            "project": str(data_file.parent.resolve()),
            "name": "run",
            "exist_ok": True,
            "pretrained": False,
            "device": "cpu",
            "seed": seed,
            "imgsz": INPUT_WIDTH_PX,
            "epochs": recipe.epochs,
            "batch": recipe.batch,
            "nbs": recipe.batch,  # one step a batch
            "optimizer": "AdamW",
            "lr0": recipe.learning_rate,
            "cos_lr": True,
            "warmup_epochs": 1.0,
            "close_mosaic": recipe.whole_picture_epochs,
            "val": False,  # once, at the end
            "plots": False,
        }
    )
    trainer.train()
    return Path(trainer.last)


def _export(checkpoint: Path, out: Path) -> Path:
    from ultralytics import YOLO

    from spoton_training.detector.trainer import INPUT_HEIGHT_PX, INPUT_WIDTH_PX

    size = (INPUT_HEIGHT_PX, INPUT_WIDTH_PX)
    exported = YOLO(checkpoint).export(format="onnx", imgsz=size, opset=17, simplify=False)
    out.mkdir(parents=True, exist_ok=True)
    file = Path(shutil.copy(exported, out / MODEL_NAME))
    model = onnx.load(file)
    properties = {entry.key: entry.value for entry in model.metadata_props}
    onnx.helper.set_model_props(model, {**properties, "spoton_nms_iou": str(NMS_IOU)})
    onnx.save(model, file)
    return file
