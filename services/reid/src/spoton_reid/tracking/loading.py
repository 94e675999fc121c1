"""Choose a tracker by name."""

from spoton_reid.errors import UnknownTrackerError
from spoton_reid.tracking.base import Tracker
from spoton_reid.tracking.tracklets import TrackletLinker

_BOXMOT_NAMES = ("botsort", "bytetrack", "ocsort", "deepocsort", "boosttrack")
TRACKER_NAMES = ("tracklet", *_BOXMOT_NAMES)


def create_tracker(name: str, *, fps: float, use_appearance: bool = False) -> Tracker:
    """Create the tracker of one camera.

    Args:
        name: one of `TRACKER_NAMES`.
        fps: processing rate, frames per second of video.
        use_appearance: let BoT-SORT, DeepOCSORT or BoostTrack use embeddings (of every detection).

    Raises:
        UnknownTrackerError: the name is not offered.

    """
    if name == "tracklet":
        return TrackletLinker(fps)
    if name not in _BOXMOT_NAMES:
        raise UnknownTrackerError(f"no tracker {name!r}; there are {', '.join(TRACKER_NAMES)}")
    from spoton_reid.tracking.boxmot_trackers import BoxmotTracker  # boxmot takes seconds to import

    return BoxmotTracker(name, fps, use_appearance)
