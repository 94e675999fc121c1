"""The one interface behind which every embedding model sits."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spoton_reid.embedding.description import ModelDescription
from spoton_reid.errors import CropError

Crop = NDArray[np.uint8]
Embeddings = NDArray[np.float32]

_SMALLEST_NORM = 1e-12  # a network that answers all zeros must not divide by zero


class Embedder(ABC):
    """Turns crops of people into unit vectors whose cosine says how alike they look.

    An embedding never depends on the crops it travels with: each is computed alone (CPU) or in a
    batch of one fixed size (GPU), so the same crop gives the same bits in any company.
    """

    def __init__(self, description: ModelDescription, dimension: int) -> None:
        self._description = description
        self._dimension = dimension

    @property
    def name(self) -> str:
        """Name of the model: embeddings of different names must not be compared."""
        return self._description.name

    @property
    def dimension(self) -> int:
        """Length D of an embedding."""
        return self._dimension

    @property
    def description(self) -> ModelDescription:
        """How crops are prepared for this model."""
        return self._description

    def embed(self, crops: Sequence[Crop]) -> Embeddings:
        """Embed crops.

        Args:
            crops: uint8 arrays (H, W, 3), BGR; sizes may differ.

        Returns:
            float32 (N, D), rows of length 1, in the order of the crops.

        Raises:
            CropError: a crop is empty or not uint8 (H, W, 3).

        """
        if not crops:
            return np.zeros((0, self._dimension), dtype=np.float32)
        for index, crop in enumerate(crops):
            _check_crop(index, crop)
        raw = self._infer([self._description.prepare(crop) for crop in crops])
        norms = np.sqrt(np.einsum("nd,nd->n", raw, raw, dtype=np.float64))
        embeddings: Embeddings = (raw / np.maximum(norms, _SMALLEST_NORM)[:, None]).astype(np.float32)
        return embeddings

    def warm_up(self) -> None:
        """Run the model once, so that the first real crop does not pay for lazy set-up."""
        self.embed([np.full((128, 64, 3), 127, dtype=np.uint8)])

    @abstractmethod
    def _infer(self, inputs: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Run the network on prepared inputs (3, H, W); returns (N, D) without normalisation."""


def _check_crop(index: int, crop: Crop) -> None:
    if crop.dtype != np.uint8 or crop.ndim != 3 or crop.shape[2] != 3 or crop.size == 0:
        raise CropError(f"crop {index} is {crop.dtype} {crop.shape}; expected uint8 (H, W, 3), not empty")
