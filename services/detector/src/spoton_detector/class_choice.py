"""Which classes a camera's task wants."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spoton_detector.detector import FrameDetections

PERSON = "person"


@dataclass(frozen=True, slots=True)
class ClassChoice:
    """The classes that a scene names."""

    names: tuple[str, ...]

    def unknown(self, class_names: Mapping[int, str]) -> list[str]:
        """Return the names that a detector does not have."""
        known = set(class_names.values())
        return [name for name in self.names if name not in known]

    def keep(self, found: FrameDetections, class_names: Mapping[int, str]) -> FrameDetections:
        """Drop detections of other classes."""
        ids = [class_id for class_id, name in class_names.items() if name in self.names]
        wanted: NDArray[np.bool_] = np.isin(found.class_ids, ids)
        return found.take(wanted)
