"""The floor table as it is pickled: small, and the same afterwards."""

import pickle

import numpy as np
from spoton_reid.association import Observation
from spoton_reid.association.floor_table import FloorTable
from spoton_reid.association.parameters import EvidenceParameters
from spoton_reid.association.tracklets import Tracklet

FPS = 10.0


def walk(camera: int, track_id: int, start: int, frames: int) -> Tracklet:
    tracklet = Tracklet(camera, track_id, 0)
    for frame in range(start, start + frames):
        place = (0.1 * frame, float(track_id % 3))
        tracklet.add(frame, Observation(f"c{camera}", track_id, (0, 0, 10, 30), 0.9, 1.0, None, place), place)
    return tracklet


def test_only_pairs_that_met_are_written_and_the_table_goes_on_the_same() -> None:
    tracklets = [walk(camera, number, 20 * number, 20) for camera in range(2) for number in range(200)]
    table = FloorTable(2)
    still = np.zeros((2, 2, 2)), np.zeros(2, np.int64), FPS, EvidenceParameters()
    table.update(tracklets, *still)
    written = pickle.dumps(table, protocol=5)
    assert len(written) < len(tracklets) ** 2  # a tenth of what both tables take in memory

    again = pickle.loads(written)  # noqa: S301
    tracklets += [walk(camera, 200, 3999, 20) for camera in range(2)]
    assert np.array_equal(again.update(tracklets, *still), table.update(tracklets, *still))
    assert pickle.dumps(again, protocol=5) == pickle.dumps(table, protocol=5)
