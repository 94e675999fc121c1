"""Write identities, as published live and after all revisions, in MOTChallenge's layout."""

from collections.abc import Iterable
from pathlib import Path

from spoton_reid.association import IdentityRevision, LabelledBucket

_Row = tuple[int, int, tuple[float, float, float, float], float, tuple[float, float] | None]


def write_exports(
    labelled: Iterable[LabelledBucket],
    revisions: Iterable[IdentityRevision],
    cameras: Iterable[str],
    out: Path,
) -> None:
    """Write `live/<camera>.txt` and `revised/<camera>.txt`."""
    live: dict[str, dict[tuple[int, int], int | None]] = {camera: {} for camera in cameras}
    rows: dict[str, list[_Row]] = {camera: [] for camera in live}
    for bucket in labelled:
        for seen, identity in zip(bucket.observations, bucket.identities, strict=True):
            frame = bucket.global_frame_index
            live[seen.camera_id][seen.track_id, frame] = identity
            rows[seen.camera_id].append((frame, seen.track_id, seen.bbox_xyxy, seen.confidence, seen.floor_m))
    revised = {camera: dict(identities) for camera, identities in live.items()}
    for revision in revisions:
        identities = revised[revision.camera_id]
        for frame in range(revision.first_frame, revision.last_frame + 1):
            if (revision.track_id, frame) in identities:
                identities[revision.track_id, frame] = revision.new_identity
    for name, published in (("live", live), ("revised", revised)):
        (out / name).mkdir(parents=True, exist_ok=True)
        for camera, camera_rows in rows.items():
            lines = [_line(row, published[camera][row[1], row[0]]) for row in camera_rows]
            (out / name / f"{camera}.txt").write_text("".join(lines), encoding="utf-8")


def _line(row: _Row, identity: int | None) -> str:
    frame, _, (x1, y1, x2, y2), confidence, floor = row
    if identity is None:
        return ""
    x_m, y_m = floor or (-1, -1)
    box = f"{x1:.2f},{y1:.2f},{x2 - x1:.2f},{y2 - y1:.2f}"
    return f"{frame + 1},{identity},{box},{confidence:.3f},{x_m:.3f},{y_m:.3f},-1\n"
