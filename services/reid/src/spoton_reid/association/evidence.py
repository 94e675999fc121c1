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


def cannot_link(tracklets: Sequence[Tracklet]) -> Mask:
    """Pairs of one camera that overlap in time: nobody is at two places of one image."""
    cameras, first, last = _spans(tracklets)
    same = cameras[:, None] == cameras[None, :]
    together = (first[:, None] <= last[None, :]) & (first[None, :] <= last[:, None])
    forbidden: Mask = same & together
    np.fill_diagonal(forbidden, False)
    return forbidden


def appearance_evidence(tracklets: Sequence[Tracklet], parameters: EvidenceParameters) -> Matrix:
    """Evidence of mean appearances; 0 where a tracklet has no crop."""
    sums_and_weights = [tracklet.appearance() for tracklet in tracklets]
    dimension = next((len(total) for total, _ in sums_and_weights if total is not None), 1)
    means = np.zeros((len(tracklets), dimension))
    for row, (total, _) in enumerate(sums_and_weights):
        if total is not None:
            means[row] = total / max(float(np.linalg.norm(total)), 1e-12)
    trust = np.minimum(np.array([weight for _, weight in sums_and_weights]) / parameters.full_crops, 1.0)
    odds = parameters.appearance_slope * (means @ means.T - parameters.appearance_midpoint)
    odds = np.clip(odds, -parameters.appearance_limit, parameters.appearance_limit)
    evidence: Matrix = odds * np.sqrt(trust[:, None] * trust[None, :])
    return evidence


def floor_evidence(
    first_path: Matrix, second_path: Matrix, shift: Matrix, fps: float, parameters: EvidenceParameters
) -> float:
    """Evidence of walking together, seen by two cameras.

    Args:
        first_path: (frames, 2) metres, NaN where unknown.
        second_path: the other camera's over the same frames.
        shift: (2,) metres by which the second camera's plane lies off the first's.
        fps: frames per second.
        parameters: slopes and bounds.

    """
    apart = first_path - second_path + shift
    distances = np.hypot(apart[:, 0], apart[:, 1])
    distances = distances[np.isfinite(distances)]
    if len(distances) == 0:
        return 0.0
    odds = parameters.floor_slope_per_m * (parameters.floor_midpoint_m - float(np.median(distances)))
    odds = min(max(odds, parameters.floor_least), parameters.floor_most)
    together_s = len(distances) / fps
    return odds * min(1.0, float(np.sqrt(together_s / parameters.floor_full_s)))


def motion_evidence(
    tracklets: Sequence[Tracklet],
    forbidden: Mask,
    shifts: Matrix,
    fps: float,
    parameters: EvidenceParameters,
) -> Matrix:
    """Evidence of one tracklet going on as another within a few seconds.

    Args:
        tracklets: N.
        forbidden: (N, N) pairs that cannot be one person.
        shifts: (cameras, cameras, 2) metres by which the second camera's plane lies off the first's.
        fps: frames per second.
        parameters: speeds and bounds.

    """
    cameras, first, last = _spans(tracklets, found=True)
    evidence = np.zeros((len(tracklets), len(tracklets)))
    gaps = first[None, :] - last[:, None]
    earlier, later = np.nonzero((gaps > 0) & (gaps <= parameters.motion_horizon_s * fps))
    if len(earlier) == 0:
        return evidence
    elapsed_s = gaps[earlier, later] / fps
    same = cameras[earlier] == cameras[later]
    ends = np.array([tracklet.boxes[tracklet.end] for tracklet in tracklets])[earlier]
    starts = np.array([tracklet.boxes[0] for tracklet in tracklets])[later]
    distance_m = _floor_distances(tracklets, earlier, later, shifts[cameras[earlier], cameras[later]])
    distance_m = np.where(same, _image_distances(ends, starts, parameters.person_height_m), distance_m)
    reach_m = parameters.motion_slack_m + parameters.motion_speed_mps * elapsed_s
    excess_m = np.where(np.isfinite(distance_m), np.clip(distance_m - reach_m, 0, None), 0.0)
    odds = np.clip(-parameters.motion_penalty_per_m * excess_m, parameters.motion_least, 0.0)
    velocities = np.array([tracklet.velocity(at_end=True) for tracklet in tracklets])[earlier]
    shift_px = velocities * gaps[earlier, later][:, None]
    overlap = _aligned_iou(ends + np.concatenate([shift_px, shift_px], axis=1), starts)
    fade = 0.5 ** (elapsed_s / parameters.motion_bonus_fade_s)
    likely = np.zeros_like(evidence)
    likely[earlier, later] = np.where(same, overlap * fade, 0.0)
    odds = odds + parameters.motion_bonus * _clear_margin(likely, forbidden)[earlier, later]
    evidence[earlier, later] = odds
    evidence[later, earlier] = odds
    return evidence


def _clear_margin(likely: Matrix, forbidden: Mask) -> Matrix:
    """How much more likely each continuation is than the best one that excludes it, at least 0."""
    margin = likely.copy()
    for transposed in (False, True):
        view, result = (likely.T, margin.T) if transposed else (likely, margin)
        for row in np.flatnonzero(view.any(axis=1)).tolist():
            columns = np.flatnonzero(view[row])
            rivals = np.where(forbidden[np.ix_(columns, columns)], view[row, columns][None, :], 0.0).max(axis=1)
            result[row, columns] = np.minimum(result[row, columns], view[row, columns] - rivals)
    return np.clip(margin, 0.0, None)


def _spans(
    tracklets: Sequence[Tracklet], *, found: bool = False
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    cameras = np.array([tracklet.camera for tracklet in tracklets], dtype=np.int64)
    first = np.array([tracklet.frames[0] for tracklet in tracklets], dtype=np.int64)
    last = np.array([t.frames[t.end if found else -1] for t in tracklets], dtype=np.int64)
    return cameras, first, last


def _floor_distances(
    tracklets: Sequence[Tracklet], earlier: NDArray[np.int64], later: NDArray[np.int64], shifts: Matrix
) -> Matrix:
    ends = np.array([tracklet.floors[tracklet.end] for tracklet in tracklets])[earlier]
    starts = np.array([tracklet.floors[0] for tracklet in tracklets])[later]
    apart = ends - starts + shifts
    distances: Matrix = np.hypot(apart[:, 0], apart[:, 1])
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
