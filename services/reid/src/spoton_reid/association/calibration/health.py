"""How each camera stands against the others of its scene."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spoton_reid.association.calibration.differences import settle


@dataclass(frozen=True, slots=True)
class CameraHealth:
    """What is found about a camera; None where nothing tells.

    Attributes:
        camera_id: of the scene.
        late_s: by how much it shows the same moment later than most of the others.
        applied_late_s: how much of that is taken back where places on the floor are compared.
        plane_offset_m: how far its floor plane lies off most of the others', (x, y).
        even_cosine: at which two crops, one of them its own, are as likely of one person as of two, as learned.

    """

    camera_id: str
    late_s: float | None
    applied_late_s: float
    plane_offset_m: tuple[float, float] | None
    even_cosine: float | None = None


def plane_offsets(shifts: NDArray[np.float64], known: set[tuple[int, int]]) -> NDArray[np.float64]:
    """Tell how far each camera's plane lies off most of the others'.

    Args:
        shifts: (cameras, cameras, 2) metres; [a, b] is added to (foot in a − foot in b).
        known: pairs, lower camera first, whose shift has been measured.

    Returns:
        (cameras, 2) metres, NaN where nothing is known.

    """
    axes = [settle({pair: float(shifts[pair][axis]) for pair in known}, len(shifts)) for axis in (0, 1)]
    return np.stack(axes, axis=1)
