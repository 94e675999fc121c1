"""The whole line: servers and services as processes, driven by the `spoton` command as a user would."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from spoton_local import Layout, stack
from spoton_local.ports import BASE_VARIABLE
from spoton_scenes.__main__ import main as generate_scene

from tests.bucket import Bucket, running_bucket
from tests.collector import Collector, running_collector
from tests.line import Line

CHECKOUT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    """Take the line's traces, of every fifth tick."""
    with running_collector() as collector, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        patch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.2")
        patch.setenv("OTEL_BSP_SCHEDULE_DELAY", "500")
        yield collector


@pytest.fixture(scope="session")
def bucket() -> Iterator[Bucket]:
    """Let the line keep uploads and annotated videos in object storage."""
    with running_bucket() as bucket, pytest.MonkeyPatch.context() as patch:
        for name, value in bucket.settings.items():
            patch.setenv(name, value)
        yield bucket


@pytest.fixture(scope="session")
def line(
    free_port_base: Callable[[], int],
    collector: Collector,  # noqa: ARG001
    bucket: Bucket,  # noqa: ARG001
) -> Iterator[Line]:
    """Start servers and services of their own, empty, and stop them at the end."""
    layout = Layout(CHECKOUT / ".local" / "test-line")
    stack.down(layout)
    shutil.rmtree(layout.root)
    environment = {**os.environ, "SPOTON_LOCAL_DIR": str(layout.root)}

    def spoton(*arguments: object, check: bool = False) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "spoton_cli", *map(str, arguments)],
            env=environment,
            cwd=CHECKOUT,
            text=True,
            capture_output=True,
            timeout=240,
            check=check,
        )

    try:
        yield Line(stack.up(layout, environ={BASE_VARIABLE: str(free_port_base())}), spoton)
    finally:
        stack.down(layout)


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Render a small scene: two cameras, three people, two sub-videos of eight seconds."""
    folder = tmp_path_factory.mktemp("scene") / "easy"
    assert generate_scene(["easy", "--seconds", "16", "--out", str(folder)]) == 0
    return folder
