"""What `make eval` measures on: the generated suite, and real footage where it is present."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml
from spoton_scenes.environment import write_environment
from spoton_scenes.film import Film, plan_film
from spoton_scenes.presets import Preset, adjusted, find_preset

from spoton_evaluation.errors import DatasetError
from spoton_evaluation.offline.cache import Cache, whole_folder
from spoton_evaluation.offline.run import Models

Progress = Callable[[int], None]

REAL_MODELS = ("yolo11n_int8_openvino_model", "person-reidentification-retail-0286")
_TERRACE_METRES = 0.035  # a plane unit is 3-4 cm, by walking speed (the data's README)
_TERRACE_FPS = 25


@dataclass(frozen=True, slots=True)
class Dataset:
    """An environment folder with ground truth, and the models that are meant for it."""

    name: str
    environment: Path
    ground_truth: Path
    models: Models


@dataclass(frozen=True, slots=True)
class GeneratedScene:
    """A scene of the suite: a preset, changed in size, and a seed."""

    name: str
    preset: Preset
    seed: int

    @property
    def pictures(self) -> int:
        """How many pictures all its cameras take."""
        return round(self.preset.batches * self.preset.batch_seconds * self.preset.fps) * self.preset.cameras

    def film(self) -> Film:
        """Build the scene and walk everybody through it."""
        return plan_film(self.preset, self.seed)


SUITE = (
    GeneratedScene("hall", adjusted(find_preset("demo"), seconds=60), 11),
    GeneratedScene("crowd", adjusted(find_preset("crowd"), cameras=6, seconds=30), 12),
    GeneratedScene("gaps", adjusted(find_preset("blind-gap"), cameras=4, people=10, seconds=90, fps=5), 13),
    GeneratedScene("concourse", adjusted(find_preset("large"), cameras=8, seconds=20, fps=5), 14),
    GeneratedScene("alike", adjusted(find_preset("alike"), seconds=40), 15),
    GeneratedScene("returns", adjusted(find_preset("returns"), cameras=3, seconds=240), 16),
)
"""3-8 cameras, 8-40 people; overlapping, with blind gaps, uniforms, and returns after minutes. Seeds are not those of
the demo, of training or of tests."""


def generate(scene: GeneratedScene, cache: Cache, progress: Progress = lambda _n: None) -> Dataset:
    """Render a scene of the suite, once."""
    folder = cache.path(f"scene-{scene.name}", repr(scene))
    if not folder.is_dir():
        with whole_folder(folder) as unfinished:
            write_environment(scene.film(), scene.preset.title, unfinished, progress)
    return Dataset(scene.name, folder, folder / "ground_truth", Models())


def terrace1(data: Path, models: Path, cache: Cache) -> Dataset:
    """Describe EPFL's terrace sequence as an environment.

    Args:
        data: folder with the two videos, `homographies.json` and `gt/`.
        models: folder with the real weights.
        cache: where the environment is written to.

    Raises:
        DatasetError: the data or the models are not on this machine.

    """
    for needed in (data / "homographies.json", *(models / name for name in REAL_MODELS)):
        if not needed.exists():
            raise DatasetError(f"terrace1 needs {needed}, which is not on this machine")
    matrices = json.loads((data / "homographies.json").read_text(encoding="utf-8"))
    cameras = [
        {
            "id": camera_id,
            "sources": [(data / f"terrace1-{camera_id}.mp4").resolve().as_uri()],
            "homography": [
                *([_TERRACE_METRES * number for number in row] for row in matrices[camera_id][:2]),
                matrices[camera_id][2],
            ],
        }
        for camera_id in ("c0", "c1")
    ]
    document = {"id": "terrace1", "name": "EPFL terrace", "processing_fps": _TERRACE_FPS, "cameras": cameras}
    folder = cache.path("scene-terrace1", json.dumps(document))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "environment.yaml").write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    detector, embedder = (str(models / name) for name in REAL_MODELS)
    return Dataset("terrace1", folder, data / "gt", Models(detector, embedder))
