"""Which identity a cluster goes by: the one under which most of it was published."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from spoton_reid.association.tracklets import Tracklet


def match_names(clusters: Sequence[Sequence[Tracklet]]) -> list[int]:
    """Keep names stable: give each cluster the identity that shares most published frames with it.

    Args:
        clusters: tracklets of each cluster.

    Returns:
        an identity per cluster, each at most once; 0 where none is left.

    """
    counts: list[Counter[int]] = []
    for cluster in clusters:
        found: Counter[int] = Counter()
        for tracklet in cluster:
            found.update(tracklet.identities)
        found.pop(0, None)
        counts.append(found)
    names = sorted({identity for found in counts for identity in found})
    if not names:
        return [0] * len(clusters)
    shared: NDArray[np.int64] = np.array([[found.get(name, 0) for name in names] for found in counts])
    result = [0] * len(clusters)
    for row, column in zip(*(axis.tolist() for axis in linear_sum_assignment(shared, maximize=True)), strict=True):
        if shared[row, column] > 0:
            result[row] = names[column]
    return result
