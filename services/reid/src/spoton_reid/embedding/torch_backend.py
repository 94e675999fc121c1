"""Embedding networks saved as TorchScript, for GPUs or models that nothing else runs."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from spoton_reid.embedding.base import Embedder
from spoton_reid.embedding.description import ModelDescription
from spoton_reid.errors import ModelDescriptionError, UnreadableModelError

_GPU_BATCH = 16  # every GPU batch is padded to this size, so that kernels never differ between calls


class TorchEmbedder(Embedder):
    """Embeds with a TorchScript module; fixed batch size on a GPU, one by one on the CPU."""

    def __init__(self, model_file: Path, description: ModelDescription, device: str) -> None:
        try:
            self._module = torch.jit.load(str(model_file), map_location=device).eval()
        except (RuntimeError, ValueError) as error:
            raise UnreadableModelError(f"{model_file} is no TorchScript module (torch.jit.save): {error}") from error
        self._device = torch.device(device)
        self._batch = 1 if self._device.type == "cpu" else _GPU_BATCH
        self._shape = (3, description.input_height_px, description.input_width_px)
        try:
            dimension = self._run(np.zeros((self._batch, *self._shape), dtype=np.float32)).shape[1]
        except RuntimeError as error:
            raise ModelDescriptionError(f"{model_file} does not take {self._shape}: {error}") from error
        super().__init__(description, dimension)

    def _infer(self, inputs: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        parts = []
        for start in range(0, len(inputs), self._batch):
            chunk = inputs[start : start + self._batch]
            padded = np.zeros((self._batch, *self._shape), dtype=np.float32)
            padded[: len(chunk)] = chunk
            parts.append(self._run(padded)[: len(chunk)])
        return np.concatenate(parts)

    def _run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            output = self._module(torch.from_numpy(batch).to(self._device))
        result: NDArray[np.float32] = output.float().flatten(1).cpu().numpy()
        return result
