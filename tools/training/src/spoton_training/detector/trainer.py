"""Ultralytics' trainer, fitted to wide pictures and to CPUs. Import after `import_ultralytics_offline`."""

from typing import Any

import torch
from ultralytics.data import YOLODataset
from ultralytics.data.augment import Compose, RandomFlip, RandomHSV, RandomPerspective
from ultralytics.models.yolo.detect import DetectionTrainer
from ultralytics.nn.tasks import DetectionModel

from spoton_training.hardware import cpu_has_bfloat16

INPUT_WIDTH_PX, INPUT_HEIGHT_PX = 640, 384  # 960x540 scaled to 640x360 and padded to the stride of 32
_CROP_SIZE_PX = (416, 256)


class WideDataset(YOLODataset):  # type: ignore[misc]
    """Augments pictures at rectangular sizes: the stock augmentation makes squares, 40 % of them grey.

    Training starts on crops, which show more people for the same work, and ends on whole pictures.
    """

    _whole_pictures = False

    def build_transforms(self, hyp: Any = None) -> Any:
        """Our augmentation in front of the stock formatting."""
        placing = (
            RandomPerspective(translate=0.05, scale=(0.85, 1.15), size=(INPUT_WIDTH_PX, INPUT_HEIGHT_PX))
            if self._whole_pictures
            else RandomPerspective(translate=0.6, scale=(0.6, 1.5), size=_CROP_SIZE_PX)
        )
        colours = RandomHSV(hgain=0.02, sgain=0.5, vgain=0.4)
        flip = RandomFlip(p=0.5, direction="horizontal")
        formatting = super().build_transforms(hyp).transforms[-1]
        return Compose([placing, colours, flip, formatting])

    def close_mosaic(self, hyp: Any) -> None:
        """Switch to whole pictures: Ultralytics calls this before the last `close_mosaic` epochs."""
        self._whole_pictures = True
        self.transforms = self.build_transforms(hyp)


class Bfloat16DetectionModel(DetectionModel):  # type: ignore[misc]
    """Trains its layers in bfloat16 on CPUs that have it (six times faster here) and its loss in float32."""

    def loss(self, batch: Any, preds: Any = None) -> Any:
        """Loss of a batch: (total, components), as DetectionModel's."""
        if preds is None:
            with torch.autocast("cpu", torch.bfloat16, enabled=cpu_has_bfloat16()):
                preds = self.forward(batch["img"])
        return super().loss(batch, _to_float32(preds))


class WideTrainer(DetectionTrainer):  # type: ignore[misc]
    """DetectionTrainer on WideDataset and Bfloat16DetectionModel."""

    def build_dataset(self, img_path: str, mode: str = "train", batch: int | None = None) -> Any:
        """Wide pictures for training, stock rectangular batches for validation."""
        if mode != "train":
            return super().build_dataset(img_path, mode, batch)
        return WideDataset(
            img_path=img_path, imgsz=INPUT_WIDTH_PX, batch_size=batch, augment=True, hyp=self.args, data=self.data
        )

    def get_model(self, cfg: Any = None, weights: Any = None, verbose: bool = True) -> Any:
        """Build the model of the architecture file; `weights` are those of a run that is resumed."""
        model = Bfloat16DetectionModel(cfg, nc=self.data["nc"], ch=self.data["channels"], verbose=verbose)
        if weights is not None:
            model.load(weights)
        return model


def _to_float32(values: Any) -> Any:
    if isinstance(values, torch.Tensor):
        return values.float() if values.is_floating_point() else values
    if isinstance(values, dict):
        return {key: _to_float32(value) for key, value in values.items()}
    if isinstance(values, (list, tuple)):
        return type(values)(_to_float32(value) for value in values)
    return values
