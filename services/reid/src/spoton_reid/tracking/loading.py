"""Choose a tracker by name."""

from importlib.util import find_spec

from spoton_reid.errors import MissingExtraError, UnknownTrackerError
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
        MissingExtraError: it is one of BoxMOT's, which is not installed.

    """
    if name == "tracklet":
        return TrackletLinker(fps)
    if name not in _BOXMOT_NAMES:
        raise UnknownTrackerError(f"no tracker {name!r}; there are {', '.join(TRACKER_NAMES)}")
    if find_spec("boxmot") is None:
        raise MissingExtraError(f"{name} needs BoxMOT, which is not installed here: install spoton-reid[torch]")
    from spoton_reid.tracking.boxmot_trackers import BoxmotTracker  # boxmot takes seconds to import

    return BoxmotTracker(name, fps, use_appearance)
