"""Exact boxes from rendered number images: who covers which pixels, alone and among the others."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.uint16]
Window = tuple[int, int, int, int]


@dataclass(frozen=True)
class PersonBox:
    """One person in one image.

    bbox_xyxy: float pixels around the full silhouette (as if nothing stood in front), clipped to the image,
    x2 and y2 exclusive. visibility: share of that silhouette that is seen, 0…1. floor_m: position on the
    floor.
    """

    person_id: int
    bbox_xyxy: tuple[float, float, float, float]
    visibility: float
    floor_m: tuple[float, float]


def measure_silhouette(number: int, alone: Numbers, together: Numbers, window: Window) -> tuple[Window, float] | None:
    """(box, visibility) of `number` from its image without and with the others.

    Searched in window (x1, y1, x2, y2); None when it covers no pixel there.
    """
    x1, y1, x2, y2 = window
    silhouette = alone[y1:y2, x1:x2] == number
    total = int(np.count_nonzero(silhouette))
    if total == 0:
        return None
    columns, rows = np.flatnonzero(silhouette.any(axis=0)), np.flatnonzero(silhouette.any(axis=1))
    box = (x1 + int(columns[0]), y1 + int(rows[0]), x1 + int(columns[-1]) + 1, y1 + int(rows[-1]) + 1)
    seen = int(np.count_nonzero(together[y1:y2, x1:x2] == number))
    return box, seen / total


def disjoint_groups(windows: dict[int, Window]) -> list[list[int]]:
    """Split the keys into few groups whose windows do not overlap, so that one image shows a group alone."""
    groups: list[list[int]] = []
    for key, window in windows.items():
        for group in groups:
            if not any(_overlap(window, windows[other]) for other in group):
                group.append(key)
                break
        else:
            groups.append([key])
    return groups


def _overlap(a: Window, b: Window) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
