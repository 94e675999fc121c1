"""Tracks of one camera."""

from spoton_reid.tracking.base import Track, Tracker
from spoton_reid.tracking.loading import TRACKER_NAMES, create_tracker
from spoton_reid.tracking.tracklets import TrackletLinker, TrackletParameters

__all__ = ["TRACKER_NAMES", "Track", "Tracker", "TrackletLinker", "TrackletParameters", "create_tracker"]
