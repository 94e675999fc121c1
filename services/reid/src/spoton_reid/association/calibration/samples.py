"""Pairs of tracklets about which there is no doubt: what is learned from needs no labels."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spoton_reid.association.parameters import EvidenceParameters
from spoton_reid.association.tracklets import Tracklet

Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]

_TOGETHER_S = 1.0  # for so long two feet must be seen on one spot, or apart
_ONE_SPOT = 0.6  # share of the most that the floor can say
_APART = 0.75  # share of the least


def free_samples(
    tracklets: Sequence[Tracklet],
    crops: Matrix,
    floor: tuple[Matrix, Matrix],
    forbidden: Mask,
    since: int,
    fps: float,
    parameters: EvidenceParameters,
) -> tuple[Matrix, Matrix]:
    """Choose pairs of tracklets that are certainly two people, and pairs that are certainly one.

    Args:
        tracklets: N.
        crops: (N,) weights of the crops behind mean appearances.
        floor: (N, N) mean log-odds of the floor at a moment, and (N, N) moments.
        forbidden: (N, N) pairs that one camera shows at the same time.
        since: only tracklets that were in view after this tick.
        fps: ticks a second.
        parameters: bounds of the floor's log-odds, crops of a mean appearance that is trusted.

    Returns:
        (N, N) each, symmetric: 1 for a chosen pair, else 0.

    """
    ready = crops >= parameters.full_crops
    ready &= np.array([tracklet.frames[-1] > since for tracklet in tracklets], np.bool_)
    usable = ready[:, None] & ready[None, :]
    log_odds, moments = floor
    known = moments >= _TOGETHER_S * fps
    agreement = np.where(known, log_odds, parameters.floor_least)
    best = agreement.max(axis=1)
    same = known & (agreement >= _ONE_SPOT * parameters.floor_most)
    same &= (agreement >= best[:, None]) & (agreement >= best[None, :])
    apart = known & (agreement <= _APART * parameters.floor_least)
    return (usable & (forbidden | apart)).astype(np.float64), (usable & same).astype(np.float64)
