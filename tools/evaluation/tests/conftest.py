"""A committed scene, run once through the line."""

from collections.abc import Callable
from pathlib import Path

import pytest
from spoton_evaluation.exports import homographies
from spoton_evaluation.fixture import Fixture, load_fixture
from spoton_evaluation.measure import Measurement, Truth, measure
from spoton_evaluation.offline.run import Known, follow
from spoton_evaluation.offline.variants import Variant

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
