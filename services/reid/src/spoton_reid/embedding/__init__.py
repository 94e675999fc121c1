"""Appearance embeddings of person crops."""

from spoton_reid.embedding.base import Embedder
from spoton_reid.embedding.loading import load_embedder
from spoton_reid.embedding.quality import CropGate, box_visibilities
from spoton_reid.embedding.selection import CropSelector, SelectionParameters

__all__ = [
    "CropGate",
    "CropSelector",
    "Embedder",
    "SelectionParameters",
    "box_visibilities",
    "load_embedder",
]
