"""A committed scene and an excerpt of real footage, run once through the line."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from spoton_common.runtime.stage import Output
from spoton_detector.app import make_stage
from spoton_detector.loading import load_detector
from spoton_detector.settings import DetectorSettings
from spoton_evaluation.datasets import terrace1
from spoton_evaluation.exports import homographies, read_scene
from spoton_evaluation.fixture import Fixture, load_fixture
from spoton_evaluation.ground_truth import load_ground_truth
from spoton_evaluation.measure import Measurement, Truth, measure
from spoton_evaluation.offline.cache import Cache
from spoton_evaluation.offline.embeddings import KeptEmbedder
from spoton_evaluation.offline.frames import publish_frames
from spoton_evaluation.offline.run import Known, follow
from spoton_evaluation.offline.variants import Variant
from spoton_schemas.records import Frame, Kind, Outcome, Scene

SHARED = Path(__file__).resolve().parents[4] / "shared"
EXCERPT = range(1200, 1400)  # frames, from 0

RunVariant = Callable[[Variant], Measurement]


@pytest.fixture(scope="session")
def alike() -> Fixture:
    """Nine people in three uniforms, four overlapping cameras, 20 seconds: the suite's `alike`."""
    return load_fixture(Path(__file__).parent / "data" / "alike.npz")


@pytest.fixture(scope="session")
def run_variant(alike: Fixture, tmp_path_factory: pytest.TempPathFactory) -> RunVariant:
    """Run the committed scene in a variant and measure it; each variant once."""
    truth = Truth.of(alike.truth, homographies(alike.scene))
    found: dict[Variant, Measurement] = {}

    def run(variant: Variant) -> Measurement:
        if variant not in found:
            published, timing = follow(alike.scene, alike.streams, alike.embedder, variant, Known(truth.cameras))
            found[variant] = measure(published, timing, truth, tmp_path_factory.mktemp(variant.name))
        return found[variant]

    return run


@pytest.fixture(scope="session")
def terrace_excerpt(tmp_path_factory: pytest.TempPathFactory) -> Measurement:
    """Eight seconds of real footage with five people, from the videos to the scores."""
    if not (SHARED / "data" / "epfl-terrace1").is_dir():
        pytest.skip("EPFL's terrace sequence is not on this machine")
    cache = Cache(tmp_path_factory.mktemp("cache"))
    dataset = terrace1(SHARED / "data" / "epfl-terrace1", SHARED / "models", cache)
    scene, settings = read_scene(dataset.environment), DetectorSettings(model=dataset.models.detector, device="cpu")
    stage = make_stage(load_detector(settings), settings)
    streams = {}
    for camera in scene.cameras:
        outputs = stage.feed(list(_excerpt(scene, camera.camera_id)))
        streams[camera.camera_id] = [output.record for output in outputs if isinstance(output, Output)]
    embedder = KeptEmbedder.open(cache, dataset.models.embedder)
    published, timing = follow(scene, streams, embedder)
    annotation = load_ground_truth(dataset.ground_truth)
    within = {
        camera: table.select((table.frames > EXCERPT.start) & (table.frames <= EXCERPT.stop))
        for camera, table in annotation.cameras.items()
    }
    truth = Truth.of(replace(annotation, cameras=within), homographies(scene))
    return measure(published, timing, truth, tmp_path_factory.mktemp("excerpt"))


class _Enough(Exception):
    """The excerpt is complete; the rest of the video need not be decoded."""


def _excerpt(scene: Scene, camera_id: str) -> list[Frame]:
    frames: list[Frame] = []

    def take(frame: Frame) -> None:
        if frame.kind is Kind.FRAME and frame.camera_frame_index >= EXCERPT.stop:
            raise _Enough
        if frame.kind is Kind.START or frame.camera_frame_index in EXCERPT:
            frames.append(frame)

    with suppress(_Enough):
        publish_frames(scene, camera_id, take)
    end = {"global_frame_index": EXCERPT.stop, "camera_frame_index": EXCERPT.stop, "jpeg": None}
    return [
        *frames,
        replace(frames[-1], kind=Kind.END_OF_SEGMENT, **end),
        replace(frames[-1], kind=Kind.END_OF_TASK, outcome=Outcome.COMPLETED, **end),
    ]
