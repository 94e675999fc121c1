"""Models run as the services run them: OpenVINO on the CPU, float32, one image a request."""

import time
from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from spoton_training.errors import ModelFileError

Floats = NDArray[np.float32]


class CpuModel:
    """A network with one input and one output.

    Raises:
        ModelFileError: the file is missing, or OpenVINO cannot read it.

    """

    def __init__(self, file: Path, threads: int) -> None:
        if not file.is_file():
            raise ModelFileError(f"there is no model at {file}")
        core = ov.Core()
        configuration = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads}
        try:
            compiled = core.compile_model(str(file), "CPU", configuration)
        except RuntimeError as error:
            raise ModelFileError(f"OpenVINO cannot read {file}: {error}") from error
        self.input_shape = tuple(int(size) for size in compiled.input(0).shape)
        self._request = compiled.create_infer_request()

    def __call__(self, prepared: Floats) -> Floats:
        """Run one prepared input of `input_shape`; returns a copy of the output."""
        self._request.infer({0: prepared})
        return np.array(self._request.get_output_tensor(0).data, dtype=np.float32)


def median_ms(model: CpuModel, runs: int = 100) -> float:
    """Median wall-clock milliseconds of one run on random input, after a warm-up."""
    prepared = np.random.default_rng(0).random(model.input_shape, dtype=np.float32)
    times = []
    for _ in range(runs + 10):
        start = time.perf_counter()
        model(prepared)
        times.append(time.perf_counter() - start)
    return float(np.median(times[10:]) * 1e3)
