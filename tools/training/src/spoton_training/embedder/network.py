"""The embedder's network: a small residual CNN that keeps apart what is worn high and low on the body."""

from itertools import pairwise

import torch
from torch import nn

INPUT_HEIGHT_PX, INPUT_WIDTH_PX = 256, 128
EMBEDDING_DIMENSION = 128
_WIDTHS = (16, 32, 64, 128)  # each stage halves the image
_SHRINK = 2  # people of generated scenes are seldom taller than 200 px: half the size loses little and costs a quarter
_BODY_PARTS = 4  # head and shoulders, trunk, hips, legs: as PCB (Sun et al. 2018) does with 6


class EmbedderNetwork(nn.Module):  # type: ignore[misc]
    """Float (N, 3, 256, 128) → (N, 128), not normalised to length 1."""

    def __init__(self) -> None:
        super().__init__()
        stages = [nn.AvgPool2d(_SHRINK), _convolution(3, _WIDTHS[0], stride=2)]
        for before, after in pairwise(_WIDTHS):
            stages += [_convolution(before, after, stride=2), _Residual(after)]
        self.features = nn.Sequential(*stages)
        stride = _SHRINK * 2 ** len(_WIDTHS)
        height, width = INPUT_HEIGHT_PX // stride, INPUT_WIDTH_PX // stride
        self.pool = nn.AvgPool2d((height // _BODY_PARTS, width))
        self.project = nn.Linear(_WIDTHS[-1] * _BODY_PARTS, EMBEDDING_DIMENSION, bias=False)
        self.normalise = nn.BatchNorm1d(EMBEDDING_DIMENSION)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Embed a batch."""
        parts = self.pool(self.features(images)).flatten(1)
        embeddings: torch.Tensor = self.normalise(self.project(parts))
        return embeddings


class _Residual(nn.Module):  # type: ignore[misc]
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _convolution(width, width)
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return torch.relu(values + self.second(self.first(values)))


def _convolution(before: int, after: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, 3, stride, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True)
    )


class CosFace(nn.Module):  # type: ignore[misc]
    """Large margin cosine loss over the training identities (Wang et al. 2018, arXiv 1801.09414)."""

    def __init__(self, identities: int, scale: float = 20.0, margin: float = 0.25) -> None:
        super().__init__()
        self.centres = nn.Parameter(torch.randn(identities, EMBEDDING_DIMENSION))
        self.scale, self.margin = scale, margin

    def forward(self, embeddings: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Mean loss of float (N, D) embeddings and int64 (N,) labels."""
        cosines = nn.functional.normalize(embeddings) @ nn.functional.normalize(self.centres).T
        margins = self.margin * nn.functional.one_hot(labels, len(self.centres))
        return nn.functional.cross_entropy(self.scale * (cosines - margins), labels)
