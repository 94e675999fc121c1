from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

POINTS = """image_x,image_y,map_x_m,map_y_m
0,0,0,0
64,0,6.4,0
64,48,6.4,4.8
0,48,0,4.8
32,24,3.2,2.4
16,40,1.6,4
"""


@pytest.fixture
def environment_folder(tmp_path: Path) -> Path:
    """A folder with one 64x48 video, one points file (a pixel is 0.1 m) and one picture of the floor."""
    writer = cv2.VideoWriter(str(tmp_path / "c0.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for _ in range(2):
        writer.write(np.full((48, 64, 3), 90, dtype=np.uint8))
    writer.release()
    (tmp_path / "c0.points.csv").write_text(POINTS)
    cv2.imwrite(str(tmp_path / "floor.png"), np.full((48, 64, 3), 200, dtype=np.uint8))
    return tmp_path


@pytest.fixture
def write_environment(environment_folder: Path) -> Callable[[dict[str, Any]], Path]:
    """Write `environment.yaml`: a sound one, changed by the given top-level keys (None removes one)."""

    def write(changes: dict[str, Any]) -> Path:
        content: dict[str, Any] = {
            "id": "hall",
            "name": "Entrance hall",
            "cameras": [{"id": "c0", "sources": ["c0.avi"], "points": "c0.points.csv"}],
        }
        content.update(changes)
        content = {key: value for key, value in content.items() if value is not None}
        (environment_folder / "environment.yaml").write_text(yaml.safe_dump(content))
        return environment_folder

    return write
