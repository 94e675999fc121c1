"""The whole line: servers and services as processes, driven by the `spoton` command as a user would."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from spoton_local import Connections, Layout, stack
from spoton_scenes.__main__ import main as generate_scene

from tests.line import Line

CHECKOUT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def line(request: pytest.FixtureRequest) -> Iterator[Line]:
    """Start the services on the test servers, and stop them at the end."""
    connections: Connections = request.getfixturevalue("stack")
    layout = Layout(CHECKOUT / ".local" / "test-stack")
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

    stack.up(layout)
    yield Line(connections, spoton)
    stack.down(layout)


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Render a small scene: two cameras, three people, two sub-videos of eight seconds."""
    folder = tmp_path_factory.mktemp("scene") / "easy"
    assert generate_scene(["easy", "--seconds", "16", "--out", str(folder)]) == 0
    return folder
