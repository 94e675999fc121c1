"""Gives an exported YOLO network a smaller input, so that it does not compute grey borders.

An export is usually square and has its size written into it in two ways: as targets of ``Reshape``, and as constants
with a column for each anchor (a cell's centre and stride). Both are rewritten for the top left part of the input.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray

_STRIDES = (8, 16, 32)
_STEP_PX = 128  # 640 x 640 has nine rectangles at most: each one seen is a network in memory


@dataclass(frozen=True, slots=True)
class _Grid:
    """The cells of a network: those of the finest stride first, each stride row by row."""

    height: int
    width: int

    @property
    def cells(self) -> int:
        """Cells of the coarsest stride."""
        return (self.height // _STRIDES[-1]) * (self.width // _STRIDES[-1])

    @property
    def anchors(self) -> int:
        """Cells of all strides."""
        return sum((self.height // stride) * (self.width // stride) for stride in _STRIDES)

    def columns_of(self, part: "_Grid") -> NDArray[np.int64]:
        """Return which anchors lie in the top left part, in order."""
        first, chosen = 0, []
        for stride in _STRIDES:
            rows, columns = self.height // stride, self.width // stride
            numbers = first + np.arange(rows * columns).reshape(rows, columns)
            chosen.append(numbers[: part.height // stride, : part.width // stride].ravel())
            first += rows * columns
        return np.concatenate(chosen)


def smallest_rectangle(picture_hw: tuple[int, int], full_hw: tuple[int, int]) -> tuple[int, int]:
    """Return the (height, width) within a network's full input that a picture of that (height, width) fills."""
    scale = min(full / side for full, side in zip(full_hw, picture_hw, strict=True))
    height, width = (
        min(-(-max(round(side * scale), 1) // _STEP_PX) * _STEP_PX, full)
        for side, full in zip(picture_hw, full_hw, strict=True)
    )
    return height, width


def trim_input(model: Any, full_hw: tuple[int, int], part_hw: tuple[int, int]) -> None:
    """Reshape an ``openvino.Model`` with a fixed input to the top left part of it.

    Raises:
        RuntimeError: the network is built otherwise than Ultralytics' are.

    """
    full, part = _Grid(*full_hw), _Grid(*part_hw)
    for node in model.get_ordered_ops():
        if node.get_type_name() == "Reshape":
            _retarget(node, full, part)
        elif node.get_type_name() == "Constant" and list(node.shape)[-1:] == [full.anchors]:
            _replace(node, ov.opset8.constant(node.data[..., full.columns_of(part)]))
    # ``model.reshape`` would look at the old shapes first, which no longer fit.
    model.get_parameters()[0].set_partial_shape(ov.PartialShape([1, 3, *part_hw]))
    model.validate_nodes_and_infer_types()


def _retarget(reshape: Any, full: _Grid, part: _Grid) -> None:
    target = reshape.input_value(1).get_node()
    if target.get_type_name() != "Constant":
        return
    sizes = target.data.tolist()
    coarse, trimmed = ((g.height // _STRIDES[-1], g.width // _STRIDES[-1]) for g in (full, part))
    changed = [{full.anchors: part.anchors, full.cells: part.cells}.get(size, size) for size in sizes]
    for index, pair in enumerate(pairwise(sizes)):
        if index and pair == coarse:
            changed[index : index + 2] = trimmed
    if changed != sizes:
        reshape.input(1).replace_source_output(ov.opset8.constant(np.array(changed, np.int64)).output(0))


def _replace(node: Any, other: Any) -> None:
    for reader in list(node.output(0).get_target_inputs()):
        reader.replace_source_output(other.output(0))
