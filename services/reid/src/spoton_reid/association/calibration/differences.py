"""From differences between pairs of cameras to one value a camera."""

import numpy as np
from numpy.typing import NDArray


def settle(differences: dict[tuple[int, int], float], cameras: int) -> NDArray[np.float64]:
    """Find the value of each camera that explains the differences best (least squares).

    Most cameras are right: the median of those that hang together is 0. Of two, nobody can tell; the first is 0.

    Args:
        differences: by pair, lower camera first: the second camera's value less the first's.
        cameras: how many there are.

    Returns:
        (cameras,), NaN for those without a difference to another.

    """
    values = np.full(cameras, np.nan)
    for members in _connected(differences, cameras):
        pairs = sorted(pair for pair in differences if pair[0] in members)
        design = np.zeros((len(pairs), len(members)))
        for row, (first, second) in enumerate(pairs):
            design[row, members.index(first)], design[row, members.index(second)] = -1.0, 1.0
        found = np.linalg.lstsq(design, np.array([differences[pair] for pair in pairs]), rcond=None)[0]
        anchor = found[0] if len(members) == 2 else np.sort(found)[(len(members) - 1) // 2]
        values[members] = found - anchor
    return values


def _connected(differences: dict[tuple[int, int], float], cameras: int) -> list[list[int]]:
    group = list(range(cameras))
    for first, second in sorted(differences):
        old, new = group[second], group[first]
        group = [new if own == old else own for own in group]
    members = [[camera for camera in range(cameras) if group[camera] == own] for own in sorted(set(group))]
    return [own for own in members if len(own) > 1]
