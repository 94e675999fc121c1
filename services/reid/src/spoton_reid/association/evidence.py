"""Log-odds that two tracklets show the same person: pure functions over what tracklets hold.

All sources are added up (naive Bayes). Each is bounded, so that one mistaken source can be outvoted.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spoton_reid.association.parameters import EvidenceParameters
from spoton_reid.association.tracklets import Tracklet

Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]
Labels = NDArray[np.int64]

_ROWS_AT_A_TIME = 64  # of a matrix: they stay in the processor's cache from step to step


def cannot_link(tracklets: Sequence[Tracklet]) -> Mask:
    """Pairs of one camera that overlap in time: nobody is at two places of one image."""
    cameras, first, last = _spans(tracklets)
    same = cameras[:, None] == cameras[None, :]
    together = (first[:, None] <= last[None, :]) & (first[None, :] <= last[:, None])
    forbidden: Mask = same & together
    np.fill_diagonal(forbidden, False)
    return forbidden


def mean_appearances(tracklets: Sequence[Tracklet]) -> tuple[Matrix, Matrix]:
    """Return unit means (N, D), 0 where a tracklet has no crop, and summed weights (N,)."""
    sums, weights = zip(*(tracklet.appearance() for tracklet in tracklets), strict=True)
    dimension = next((len(total) for total in sums if total is not None), 1)
    nothing = np.zeros(dimension)
    means = np.array([nothing if total is None else total for total in sums])
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
    return means, np.array(weights)


def appearance_evidence(cosines: Matrix, weights: Matrix, lookalikes: Matrix, parameters: EvidenceParameters) -> Matrix:
    """Evidence of mean appearances; 0 where a tracklet has no crop.

    Args:
        cosines: (N, N) of mean appearances.
        weights: (N,) of the crops behind them.
        lookalikes: (N,) by how much each one's cosine with a stranger exceeds the even one, at least 0.
        parameters: what a cosine is worth, and bounds.

    """
    trust = np.sqrt(np.minimum(weights / parameters.full_crops, 1.0))
    discount = parameters.appearance_slope / 2 * lookalikes
    evidence = np.empty_like(cosines)
    for first in range(0, len(cosines), _ROWS_AT_A_TIME):
        rows = slice(first, first + _ROWS_AT_A_TIME)
        odds = np.subtract(cosines[rows], parameters.appearance_midpoint, out=evidence[rows])
        odds *= parameters.appearance_slope
        shared = odds - discount[rows, None] - discount[None, :]
        np.maximum(shared, parameters.lookalike_share * odds, out=shared)
        np.minimum(odds, shared, out=odds)  # a likeness counts for less, a difference as it is
        np.clip(odds, -parameters.appearance_limit, parameters.appearance_limit, out=odds)
        odds *= trust[rows, None]
        odds *= trust[None, :]
    return evidence


def floor_log_odds(apart: Matrix, parameters: EvidenceParameters) -> Matrix:
    """Evidence of one moment at which two cameras see two feet.

    Args:
        apart: (…, 2) metres between the two places, NaN where one is unknown.
        parameters: slope and bounds.

    Returns:
        (…) log-odds, NaN where nothing is known.

    """
    distances = np.hypot(apart[..., 0], apart[..., 1])
    odds = parameters.floor_slope_per_m * (parameters.floor_midpoint_m - distances)
    bounded: Matrix = np.clip(odds, parameters.floor_least, parameters.floor_most)
    return bounded


def floor_evidence(sums: Matrix, counts: Matrix, fps: float, parameters: EvidenceParameters) -> Matrix:
    """Evidence of walking together: the mean over the moments, for neighbouring ones show the same error.

    Args:
        sums: (N, N) of `floor_log_odds`.
        counts: (N, N) moments.
        fps: frames per second.
        parameters: how long together counts fully.

    Returns:
        (N, N) log-odds; 0 where nothing is known.

    """
    trust = np.minimum(np.sqrt(counts / fps / parameters.floor_full_s), 1.0)
    evidence: Matrix = sums / np.maximum(counts, 1.0) * trust
    return evidence


def motion_evidence(
    tracklets: Sequence[Tracklet],
    shifts: Matrix,
    late: NDArray[np.int64],
    fps: float,
    parameters: EvidenceParameters,
) -> Matrix:
    """Evidence of one tracklet going on as another within a few seconds.

    Args:
        tracklets: N.
        shifts: (cameras, cameras, 2) metres by which the second camera's plane lies off the first's.
        late: (cameras,) ticks by which each camera shows the same moment later than the others.
        fps: frames per second.
        parameters: speeds and bounds.

    """
    cameras, begins, over = _spans(tracklets)
    ends: Matrix = np.array([tracklet.ends() for tracklet in tracklets], np.float64).reshape(-1, 16)
    first, last = ends[:, 0] - late[cameras], ends[:, 1] - late[cameras]
    earlier, later = _successors(first, last, parameters.motion_horizon_s * fps)
    evidence = np.zeros((len(tracklets), len(tracklets)))
    if len(earlier) == 0:
        return evidence
    elapsed = first[later] - last[earlier]
    first_box, last_box, first_floor, last_floor, velocity = np.split(ends[:, 2:], [4, 8, 10, 12], axis=1)
    distance_m = _floor_distances(last_floor[earlier], first_floor[later], shifts[cameras[earlier], cameras[later]])
    same = np.flatnonzero(cameras[earlier] == cameras[later])
    one, other = earlier[same], later[same]
    before, after = last_box[one], first_box[other]
    distance_m[same] = _image_distances(before, after, parameters.person_height_m)
    reach_m = parameters.motion_slack_m + parameters.motion_speed_mps * elapsed / fps
    excess_m = np.where(np.isfinite(distance_m), np.clip(distance_m - reach_m, 0, None), 0.0)
    odds = np.clip(-parameters.motion_penalty_per_m * excess_m, parameters.motion_least, 0.0)
    shift_px = velocity[one] * elapsed[same][:, None]
    overlap = _aligned_iou(before + np.concatenate([shift_px, shift_px], axis=1), after)
    likely = overlap * 0.5 ** (elapsed[same] / fps / parameters.motion_bonus_fade_s)
    odds[same] += parameters.motion_bonus * _clear_margin(likely, one, other, begins, over)
    evidence[earlier, later] = odds
    evidence[later, earlier] = odds
    return evidence


def _successors(first: Matrix, last: Matrix, horizon: float) -> tuple[Labels, Labels]:
    """Find the pairs of which one begins after the other's end, at most so much later: (P,) earlier, (P,) later."""
    order = np.argsort(first, kind="stable")
    starts, stops = (np.searchsorted(first[order], limit, side="right") for limit in (last, last + horizon))
    earlier, nth = _runs(starts, stops - starts)
    return earlier, order[nth]


def _runs(starts: Labels, counts: Labels) -> tuple[Labels, Labels]:
    """Write out runs of numbers: (P,) whose run, and (P,) its numbers, `counts` of them from `starts`."""
    whose = np.repeat(np.arange(len(counts)), counts)
    return whose, starts[whose] + np.arange(len(whose)) - (np.cumsum(counts) - counts)[whose]


def _clear_margin(likely: Matrix, earlier: Labels, later: Labels, first: Labels, last: Labels) -> Matrix:
    """How much more likely each continuation is than the best one that excludes it, at least 0.

    Args:
        likely: (P,) of pairs of one camera each.
        earlier: (P,) tracklets.
        later: (P,) tracklets.
        first: (N,) first frame of each tracklet.
        last: (N,) last frame of each tracklet; two of one camera that overlap exclude each other.

    """
    margin = likely.copy()
    pairs = np.flatnonzero(likely > 0)
    chances = likely[pairs]
    for mine, theirs in ((earlier[pairs], later[pairs]), (later[pairs], earlier[pairs])):
        rival = _best_rivals(chances, mine, first[theirs], last[theirs])
        margin[pairs] = np.minimum(margin[pairs], chances - rival)
    return np.maximum(margin, 0.0)


def _best_rivals(chances: Matrix, mine: Labels, first: Labels, last: Labels) -> Matrix:
    """Best other chance of the same tracklet with one that is there at the same time, 0 where there is none: (P,)."""
    best = np.zeros(len(chances))
    if not len(chances):
        return best
    order = np.argsort(mine, kind="stable")
    _, starts, groups, sizes = np.unique(mine[order], return_index=True, return_inverse=True, return_counts=True)
    one, other = _runs(starts[groups], sizes[groups])
    one, other = order[one], order[other]
    excluded = (one != other) & (first[one] <= last[other]) & (first[other] <= last[one])
    runs = np.cumsum(sizes[groups]) - sizes[groups]
    best[order] = np.maximum.reduceat(np.where(excluded, chances[other], 0.0), runs)
    return best


def _spans(tracklets: Sequence[Tracklet]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    cameras = np.array([tracklet.camera for tracklet in tracklets], dtype=np.int64)
    first = np.array([tracklet.frames[0] for tracklet in tracklets], dtype=np.int64)
    last = np.array([tracklet.frames[-1] for tracklet in tracklets], dtype=np.int64)
    return cameras, first, last


def _floor_distances(ends: Matrix, starts: Matrix, shifts: Matrix) -> Matrix:
    across, along = (ends - starts + shifts).T
    distances: Matrix = np.hypot(across, along)
    return distances


def _image_distances(ends: Matrix, starts: Matrix, person_height_m: float) -> Matrix:
    """Distance of the heads (feet are hidden more often), with the box height as the measure of a metre."""
    heights = np.maximum(ends[:, 3] - ends[:, 1], starts[:, 3] - starts[:, 1])
    across = (ends[:, 0] + ends[:, 2] - starts[:, 0] - starts[:, 2]) / 2
    distances: Matrix = np.hypot(across, ends[:, 1] - starts[:, 1]) / heights * person_height_m
    return distances


def _aligned_iou(first: Matrix, second: Matrix) -> Matrix:
    low, high = np.maximum(first[:, :2], second[:, :2]), np.minimum(first[:, 2:], second[:, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    areas = (first[:, 2:] - first[:, :2]).prod(axis=1) + (second[:, 2:] - second[:, :2]).prod(axis=1)
    iou: Matrix = shared / np.maximum(areas - shared, 1e-9)
    return iou
