"""People who look like somebody else of the scene: what they look like says less of who they are.

Everybody of a crew wears one jacket. Two tracklets that one camera shows at the same time, or that walk far apart on
the floor, are two people; how alike they look tells, without labels, how little a likeness of that kind is worth.
Scores are normed in that way by a cohort of known strangers in speaker verification (Auckenthaler et al. 2000).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spoton_reid.association.parameters import EvidenceParameters
from spoton_reid.association.tracklets import Tracklet

Matrix = NDArray[np.float64]
Pairs = NDArray[np.int64]

_LEAST_OVERLAP_S = 0.3  # a box that lingers for longer than a tracker's patience shows somebody else


def simultaneous_pairs(tracklets: Sequence[Tracklet], forbidden: NDArray[np.bool_], fps: float) -> Pairs:
    """Choose the pairs that one camera shows at the same time for longer than by mistake.

    Args:
        tracklets: N.
        forbidden: (N, N) pairs that one camera shows at the same time.
        fps: ticks a second.

    Returns:
        (2, P) rows, each pair once.

    """
    first = np.array([tracklet.frames[0] for tracklet in tracklets], np.int64)
    last = np.array([tracklet.frames[-1] for tracklet in tracklets], np.int64)
    pairs = np.array(np.nonzero(forbidden), np.int64)
    pairs = pairs[:, pairs[0] < pairs[1]]
    overlap = last[pairs].min(axis=0) - first[pairs].max(axis=0)
    return pairs[:, overlap >= _LEAST_OVERLAP_S * fps]


def likeness_of_strangers(cosines: Matrix, crops: Matrix, strangers: Pairs, parameters: EvidenceParameters) -> Matrix:
    """Tell how much like somebody else each tracklet looks.

    Args:
        cosines: (N, N) of mean appearances.
        crops: (N,) weights of the crops behind them.
        strangers: (2, P) pairs that are certainly two people.
        parameters: even cosine, and crops of which a likeness is taken.

    Returns:
        (N,) by how much the highest cosine with a stranger exceeds the even one, at least 0.

    """
    excess = np.zeros(len(crops))
    one, other = strangers[:, (crops[strangers] >= parameters.lookalike_crops).all(axis=0)]
    found = cosines[one, other] - parameters.appearance_midpoint
    found[parameters.appearance_slope * found < parameters.lookalike_least] = 0.0
    np.maximum.at(excess, one, found)
    np.maximum.at(excess, other, found)
    return excess
