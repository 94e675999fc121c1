"""Embedding networks run by OpenVINO on the CPU (its own IR, or ONNX)."""

from pathlib import Path
from typing import Literal

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from spoton_reid.embedding.base import Embedder
from spoton_reid.embedding.description import ModelDescription
from spoton_reid.errors import ModelDescriptionError, UnreadableModelError

Precision = Literal["f32", "bf16"]
"""Arithmetic of a network; bf16 is computed as f32 by a CPU without instructions for it."""


class OpenVinoEmbedder(Embedder):
    """Embeds on the CPU, one image a request and several requests in flight.

    The precision is pinned: left alone, OpenVINO takes bf16 where the CPU has instructions for it, and the
    same crop would get other bits on another machine.
    """

    def __init__(
        self, model_file: Path, description: ModelDescription, threads: int, precision: Precision = "f32"
    ) -> None:
        core = ov.Core()
        try:
            model = core.read_model(model_file)
        except RuntimeError as error:
            raise UnreadableModelError(f"OpenVINO cannot read {model_file}: {error}") from error
        shape = [1, 3, description.input_height_px, description.input_width_px]
        expected = model.input(0).partial_shape
        if not expected.compatible(ov.PartialShape(shape)):
            raise ModelDescriptionError(f"{model_file} takes an input of {expected}, not {shape}")
        model.reshape(shape)
        compiled = core.compile_model(model, "CPU", _configuration(threads, precision))
        super().__init__(description, int(compiled.output(0).shape[-1]))
        self._queue = ov.AsyncInferQueue(compiled, threads)
        self._queue.set_callback(_keep_output)

    def _infer(self, inputs: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        outputs = np.empty((len(inputs), self.dimension), dtype=np.float32)
        for index, prepared in enumerate(inputs):
            self._queue.start_async({0: prepared[None]}, userdata=(outputs, index))
        self._queue.wait_all()
        return outputs


def _configuration(threads: int, precision: Precision) -> dict[str, object]:
    return {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": threads,
        "ENABLE_CPU_PINNING": False,  # the detector's threads would be pinned to the same cores
        "NUM_STREAMS": threads,  # one thread a request: sums inside a layer are never split differently
    }


def _keep_output(request: ov.InferRequest, place: tuple[NDArray[np.float32], int]) -> None:
    outputs, index = place
    outputs[index] = request.get_output_tensor(0).data.reshape(-1)
