"""Choose the backend of an embedding model by what lies at its path."""

from importlib.util import find_spec
from pathlib import Path

import onnxruntime

from spoton_reid.embedding.base import Embedder
from spoton_reid.embedding.description import METADATA_KEY, describe_model
from spoton_reid.embedding.openvino_backend import OpenVinoEmbedder, Precision
from spoton_reid.errors import ModelNotFoundError, UnreadableModelError

_SUFFIXES = (".xml", ".onnx", ".pt")


def load_embedder(path: Path, *, threads: int = 1, device: str = "cpu", precision: Precision = "f32") -> Embedder:
    """Load an embedding model.

    Args:
        path: an OpenVINO `.xml`, an `.onnx`, a TorchScript `.pt`, or a folder that holds exactly one of them.
        threads: CPU threads (and requests in flight) for OpenVINO.
        device: torch device, for `.pt` only.
        precision: of the arithmetic, for OpenVINO.

    Raises:
        ModelNotFoundError: nothing at the path, or a folder without a model.
        UnreadableModelError: the file is broken, of an unknown kind or needs PyTorch, which is not installed; or the
            folder holds several models.
        ModelDescriptionError: nothing says how crops are prepared, or the network takes another input.

    """
    model_file = _find_model_file(path)
    if model_file.suffix == ".pt":
        if find_spec("torch") is None:
            raise UnreadableModelError(
                f"{model_file} needs PyTorch, which is not installed here: "
                "install spoton-reid[torch], or export the model to ONNX or OpenVINO"
            )
        from spoton_reid.embedding.torch_backend import TorchEmbedder  # torch takes seconds to import

        return TorchEmbedder(model_file, describe_model(model_file), device)
    metadata = _read_onnx_metadata(model_file) if model_file.suffix == ".onnx" else None
    return OpenVinoEmbedder(model_file, describe_model(model_file, metadata), threads, precision)


def _find_model_file(path: Path) -> Path:
    if not path.exists():
        raise ModelNotFoundError(f"no embedding model at {path}")
    if path.is_file():
        if path.suffix not in _SUFFIXES:
            raise UnreadableModelError(f"{path} is none of {', '.join(_SUFFIXES)}")
        return path
    found = sorted(file for file in path.iterdir() if file.suffix in _SUFFIXES)
    if not found:
        raise ModelNotFoundError(f"no {', '.join(_SUFFIXES)} in {path}")
    if len(found) > 1:
        raise UnreadableModelError(f"{path} holds several models: {', '.join(file.name for file in found)}")
    return found[0]


def _read_onnx_metadata(model_file: Path) -> str | None:
    """Read our property of an ONNX file (OpenVINO drops properties on reading)."""
    try:
        session = onnxruntime.InferenceSession(str(model_file), providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions share no base but Exception
        raise UnreadableModelError(f"ONNX Runtime cannot read {model_file}: {error}") from error
    properties: dict[str, str] = session.get_modelmeta().custom_metadata_map
    return properties.get(METADATA_KEY)
