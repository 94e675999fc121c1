"""Hand-made pictures whose figures a person can check."""

import numpy as np
import pytest
from spoton_training.pictures import Picture


@pytest.fixture
def two_people() -> Picture:
    """A picture of 960x540 with person 1 in its middle half and, a tenth visible, person 2 at the left."""
    return Picture(
        scene_seed=1,
        camera=0,
        jpeg=b"",
        boxes_xyxy=np.array([[240, 0, 720, 540], [0, 0, 200, 540]], np.float32),
        visibilities=np.array([1.0, 0.1], np.float32),
        person_ids=np.array([1, 2], np.int64),
    )
