"""Association: identities over cameras, revisions, determinism, snapshots, each source of evidence."""

from dataclasses import replace

import numpy as np
import pytest
from spoton_reid.association import (
    AssociationParameters,
    Associator,
    Bucket,
    IdentityRevision,
    LabelledBucket,
    Observation,
    Scene,
    SceneCamera,
    foot_on_floor,
)
from spoton_reid.association.attachment import attach_leftovers
from spoton_reid.association.calibration.alignment import robust_shift
from spoton_reid.association.clustering import cluster, objective
from spoton_reid.association.clusters import Situation
from spoton_reid.association.evidence import cannot_link, floor_evidence, floor_log_odds
from spoton_reid.association.exchanges import exchange_tails
from spoton_reid.association.floor import hidden_feet, inside_polygon
from spoton_reid.association.floor_table import FloorTable
from spoton_reid.association.parameters import EvidenceParameters
from spoton_reid.association.tracklets import Tracklet
from spoton_reid.errors import BucketError, SnapshotError
from spoton_reid.gallery import Gallery

FPS = 10.0
_METRES = np.diag([0.01, 0.01, 1.0])
CAMERAS = tuple(SceneCamera(name, _METRES, (1000, 1000)) for name in ("c0", "c1"))
SCENE = Scene(FPS, CAMERAS)
Published = dict[tuple[str, int, int], int | None]


def look(person: int, frame: int) -> np.ndarray:
    """An embedding: people are orthogonal, crops of one person have cosine 0.9 or so."""
    vector = np.random.default_rng(1000 * person + frame).normal(0, 0.08, 16)
    vector[person] += 1.0
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def seen(camera: str, person: int, track: int, frame: int, where: tuple[float, float]) -> Observation:
    x, y = where[0] * 100, where[1] * 100
    embedding = look(person, frame) if frame % 3 == 0 else None
    return Observation(camera, track, (x - 20, y - 100, x + 20, y), 0.9, 1.0, embedding, where)


def crossing(frames: int = 60) -> list[Bucket]:
    """Two people walk past each other, seen by two cameras; camera c0 swaps track ids half-way."""
    buckets = []
    for frame in range(frames):
        places = {0: (2 + 0.1 * frame, 4.0), 1: (8 - 0.1 * frame, 6.0)}
        late = 10 if frame >= frames // 2 else 0
        buckets.append(
            Bucket(
                frame,
                tuple(
                    seen(camera, person, person + 1 + (late if camera == "c0" else 0), frame, places[person])
                    for camera in ("c0", "c1")
                    for person in (0, 1)
                ),
            )
        )
    return buckets


def run(
    buckets: list[Bucket], parameters: AssociationParameters | None = None, scene: Scene = SCENE
) -> tuple[list[LabelledBucket], list[IdentityRevision]]:
    associator = Associator(scene, parameters)
    labelled, revisions = [], []
    for bucket in buckets:
        published, revised = associator.feed(bucket)
        labelled += published
        revisions += revised
    published, revised = associator.finish()
    return labelled + published, revisions + revised


def final(labelled: list[LabelledBucket], revisions: list[IdentityRevision]) -> Published:
    identities: Published = {}
    for bucket in labelled:
        for observation, identity in zip(bucket.observations, bucket.identities, strict=True):
            identities[observation.camera_id, observation.track_id, bucket.global_frame_index] = identity
    for r in revisions:
        for camera, track, frame in list(identities):
            if (camera, track) == (r.camera_id, r.track_id) and r.first_frame <= frame <= r.last_frame:
                identities[camera, track, frame] = r.new_identity
    return identities


def test_one_identity_per_person_over_cameras_and_tracks() -> None:
    labelled, revisions = run(crossing())
    identities = final(labelled, revisions)
    first = {identities[key] for key in identities if key[1] in (1, 11)}
    second = {identities[key] for key in identities if key[1] in (2, 12)}
    assert len(first) == len(second) == 1
    assert first != second
    assert None not in first | second
    assert [bucket.global_frame_index for bucket in labelled] == list(range(60))


def test_floor_alone_joins_cameras_and_appearance_alone_joins_blind_ones() -> None:
    without_looks = [
        Bucket(b.global_frame_index, tuple(replace(o, embedding=None) for o in b.observations)) for b in crossing()[:30]
    ]
    identities = final(*run(without_looks))
    assert identities["c0", 1, 5] == identities["c1", 1, 5] != identities["c1", 2, 5]
    without_floor = [
        Bucket(b.global_frame_index, tuple(replace(o, floor_m=None) for o in b.observations)) for b in crossing()[:30]
    ]
    identities = final(*run(without_floor))
    assert identities["c0", 1, 5] == identities["c1", 1, 5] != identities["c1", 2, 5]


def test_a_place_far_away_is_solved_on_its_own_and_alike_people_there_are_others() -> None:
    """Nobody sees the two places at the same time, so that only the way between them tells people apart."""
    far = SceneCamera("c9", _METRES, (1000, 1000))
    there = [
        Bucket(
            b.global_frame_index + 110, tuple(replace(o, camera_id="c9", floor_m=(9000.0, 4.0)) for o in b.observations)
        )
        for b in [Bucket(b.global_frame_index, (b.observations[0],)) for b in crossing()]
    ]
    buckets = crossing() + there
    identities = final(*run(buckets, scene=Scene(FPS, (*CAMERAS, far))))
    assert identities["c9", 1, 130] not in {identities["c0", 1, 5], identities["c0", 2, 5], None}
    near = [Bucket(b.global_frame_index, tuple(replace(o, floor_m=(20.0, 4.0)) for o in b.observations)) for b in there]
    identities = final(*run(crossing() + near, scene=Scene(FPS, (*CAMERAS, far))))
    assert identities["c9", 1, 130] == identities["c0", 1, 5], "they look alike, and one can walk there in five seconds"


def test_order_inside_a_bucket_does_not_matter() -> None:
    reversed_buckets = [Bucket(b.global_frame_index, b.observations[::-1]) for b in crossing()]
    assert final(*run(reversed_buckets)) == final(*run(crossing()))


def test_restored_associator_continues_like_the_uninterrupted_one() -> None:
    buckets = crossing()
    whole, first, second = Associator(SCENE), Associator(SCENE), Associator(SCENE)
    expected = [repr(whole.feed(bucket)) for bucket in buckets] + [repr(whole.finish())]
    found = [repr(first.feed(bucket)) for bucket in buckets[:33]]
    second.restore(first.snapshot())
    found += [repr(second.feed(bucket)) for bucket in buckets[33:]] + [repr(second.finish())]
    assert found == expected


def test_labels_wait_for_the_delay_and_no_longer() -> None:
    for delay_s in (0.0, 0.5, 1.0):
        associator = Associator(SCENE, AssociationParameters(label_delay_s=delay_s))
        for bucket in crossing():
            published, _ = associator.feed(bucket)
            expected = bucket.global_frame_index - round(delay_s * FPS)
            assert [b.global_frame_index for b in published] == ([expected] if expected >= 0 else [])


def test_revisions_say_what_was_published_before() -> None:
    labelled, revisions = run(crossing(), AssociationParameters(label_delay_s=0))
    live = final(labelled, [])
    assert revisions, "with no delay, the first labels must come as revisions"
    for revision in revisions[:4]:
        assert revision.old_identity == live[revision.camera_id, revision.track_id, revision.first_frame]


def test_nobody_outside_the_monitored_area_gets_an_identity() -> None:
    scene = replace(SCENE, monitored_area=((0, 5), (20, 5), (20, 9), (0, 9)))
    identities = final(*run(crossing(), scene=scene))
    assert all(value is None for key, value in identities.items() if key[1] in (1, 11))
    assert all(value is not None for key, value in identities.items() if key[1] in (2, 12))


def test_someone_who_returns_after_the_window_gets_the_old_identity_and_a_stranger_does_not() -> None:
    def stay(person: int, track: int, start: int) -> list[Bucket]:
        return [Bucket(f, (seen("c0", person, track, f, (3, 3)),)) for f in range(start, start + 40)]

    empty = [Bucket(f, ()) for f in range(40, 200)]
    parameters = AssociationParameters(window_s=5.0, window_step_s=1.0)
    back = final(*run(stay(0, 1, 0) + empty + stay(0, 2, 200), parameters))
    assert back["c0", 1, 20] == back["c0", 2, 230]
    stranger = final(*run(stay(0, 1, 0) + empty + stay(1, 2, 200), parameters))
    assert stranger["c0", 1, 20] != stranger["c0", 2, 230] is not None


def test_a_jump_of_the_clock_takes_no_memory() -> None:
    far = [replace(bucket, global_frame_index=bucket.global_frame_index + 2**40) for bucket in crossing()]
    labels, _ = run([*crossing(), *far])
    assert len(labels) == 2 * len(crossing())


def test_short_clusters_are_ghosts() -> None:
    identities = final(*run([Bucket(f, (seen("c0", 0, 1, f, (3, 3)),)) for f in range(5)]))
    assert set(identities.values()) == {None}


def test_nothing_to_do_is_no_error() -> None:
    assert Associator(SCENE).finish() == ([], [])
    labelled, revisions = run([Bucket(f, ()) for f in range(30)])
    assert (len(labelled), revisions) == (30, [])


def test_bad_buckets_and_snapshots_are_named() -> None:
    associator = Associator(SCENE)
    associator.feed(Bucket(5, ()))
    with pytest.raises(BucketError, match="5 after 5"):
        associator.feed(Bucket(5, ()))
    with pytest.raises(BucketError, match="c9"):
        associator.feed(Bucket(6, (seen("c9", 0, 1, 6, (1, 1)),)))
    with pytest.raises(SnapshotError):
        associator.restore(b"")


def test_track_that_changes_appearance_is_cut() -> None:
    tracklet = Tracklet(0, 1, 0)
    for frame in range(60):
        person = 0 if frame < 30 else 1
        tracklet.add(frame, seen("c0", person, 1, frame, (1, 1)), (1.0, 1.0))
    assert tracklet.find_cut(6, 0.45) == 30
    rest = tracklet.cut(30)
    assert (tracklet.frames[-1], rest.frames[0], len(rest.sightings)) == (29, 30, 10)
    assert rest.find_cut(6, 0.45) is None


def test_clustering_finds_the_best_groups_and_keeps_conflicts_apart() -> None:
    evidence = np.array([[0, 3, -1, -2], [3, 0, 2, -2], [-1, 2, 0, 4], [-2, -2, 4, 0]], dtype=float)
    allowed = np.zeros((4, 4), dtype=bool)
    unknown = np.full(4, -1)
    assert cluster(evidence, allowed, unknown, np.arange(4), anew=True).tolist() == [0, 0, 1, 1]
    allowed[2, 3] = allowed[3, 2] = True
    labels = cluster(evidence, allowed, unknown, np.arange(4), anew=True)
    assert labels[2] != labels[3]
    assert objective(evidence, labels) == 4  # {0, 1, 2} {3}: 3 + 2 - 1
    earlier = np.array([0, 1, 1, -1])  # item 3 is new, and item 1 better off with 0
    assert cluster(evidence, np.zeros((4, 4), bool), earlier, np.arange(4), anew=False).tolist() == [0, 0, 1, 1]


def test_clusters_that_changed_people_at_a_moment_get_their_own_back() -> None:
    """Two people in one camera, three tracklets each; the second and third of each went to the other's cluster."""
    person, starts = np.array([0, 1, 0, 1, 0, 1]), np.array([0, 0, 5, 5, 9, 9])
    evidence = np.where(person[:, None] == person[None, :], 2.0, 1.0)
    np.fill_diagonal(evidence, 0.0)
    forbidden = (starts[:, None] == starts[None, :]) & ~np.eye(6, dtype=bool)
    crossed = np.array([0, 1, 1, 0, 1, 0])
    assert exchange_tails(evidence, forbidden, crossed, starts).tolist() == [0, 1, 0, 1, 0, 1]
    assert cluster(evidence, forbidden, crossed, starts, anew=True).tolist() == [0, 1, 0, 1, 0, 1]
    assert exchange_tails(evidence, forbidden, person, starts).tolist() == person.tolist()
    forbidden[0, 4] = forbidden[4, 0] = True  # then the first two of each belong together, and the third stays away
    found = exchange_tails(evidence, forbidden, crossed, starts)
    assert not (forbidden & (found[:, None] == found[None, :])).any()


def test_a_cluster_that_goes_on_as_somebody_else_is_parted() -> None:
    evidence = np.array([[0, 3, -2, -2], [3, 0, -2, -2], [-2, -2, 0, 3], [-2, -2, 3, 0]], dtype=float)
    found = exchange_tails(evidence, np.zeros((4, 4), bool), np.zeros(4, np.int64), np.arange(4))
    assert found[0] == found[1] != found[2] == found[3]
    nobody = np.zeros(0, np.int64)
    assert exchange_tails(np.zeros((0, 0)), np.zeros((0, 0), bool), nobody, nobody).tolist() == []


def test_floor_evidence_by_hand() -> None:
    parameters = EvidenceParameters()
    apart = np.array([[0.5, 0], [0, 9.0], [0, 0], [np.nan, 0]])
    assert floor_log_odds(apart, parameters).tolist() == pytest.approx([6 * (0.7 - 0.5), -8, 4, np.nan], nan_ok=True)
    sums, counts = np.array([30.0, 0.0, 4.0]), np.array([25.0, 0.0, 1.0])
    assert floor_evidence(sums, counts, 25, parameters).tolist() == pytest.approx([1.2, 0, 4 * np.sqrt(1 / 25)])


@pytest.mark.parametrize("late", [(0, 0, 0), (0, 4, -3)])
def test_floor_table_added_up_in_steps_equals_one_update(late: tuple[int, ...]) -> None:
    """Also after a cut, after the planes turned out to lie otherwise, and with clocks that disagree."""
    random = np.random.default_rng(1)
    tracklets = [Tracklet(camera, 1, 0) for camera in (0, 1, 2)]
    clocks, none = np.array(late), np.zeros(3, np.int64)
    stepwise, shifts = FloorTable(3), np.zeros((3, 3, 2))
    for frame in range(60):
        for tracklet in tracklets:
            if random.random() < 0.8:
                place = tuple((random.normal(0, 0.3, 2) + tracklet.camera / 2).tolist())
                tracklet.add(frame, seen("c0", 0, 1, frame, place), place)
        if frame == 40:
            tracklets.append(tracklets[1].cut(20))
            shifts = np.zeros((3, 3, 2))
            shifts[0, 2], shifts[2, 0] = (0.4, 0.0), (-0.4, 0.0)
        if frame % 7 == 6:
            stepwise.update(tracklets, shifts, clocks if frame > 20 else none, FPS, EvidenceParameters())
    found = stepwise.update(tracklets, shifts, clocks, FPS, EvidenceParameters())
    expected = FloorTable(3).update(tracklets, shifts, clocks, FPS, EvidenceParameters())
    assert found == pytest.approx(expected)
    assert stepwise.agreement()[1].tolist() == expected_moments(tracklets, clocks).tolist()
    assert found == pytest.approx(found.T)
    assert found[0, 1] != 0
    assert found[1, 3] == 0, "one camera's tracklets have no floor evidence between them"


def expected_moments(tracklets: list[Tracklet], late: np.ndarray) -> np.ndarray:
    shown = [{frame - int(late[t.camera]) for frame in t.frames} for t in tracklets]
    return np.array(
        [
            [float(len(a & b)) if s.camera != t.camera else 0.0 for b, t in zip(shown, tracklets, strict=True)]
            for a, s in zip(shown, tracklets, strict=True)
        ]
    )


def test_shift_between_planes_is_found_among_strangers() -> None:
    random = np.random.default_rng(3)
    pairs = random.normal([0.6, -0.3], 0.1, (300, 2))
    strangers = random.uniform(-1.5, 1.5, (200, 2))
    assert robust_shift(np.concatenate([pairs, strangers])) == pytest.approx([0.6, -0.3], abs=0.05)
    assert robust_shift(pairs[:10]).tolist() == [0, 0]


def test_feet() -> None:
    camera = CAMERAS[0]
    assert foot_on_floor(camera, (100, 100, 200, 500)) == pytest.approx((1.5, 5.0))
    assert foot_on_floor(camera, (100, 100, 200, 1000)) is None  # cut by the border
    assert foot_on_floor(replace(camera, homography=None), (100, 100, 200, 500)) is None
    horizon = replace(camera, homography=np.array([[1, 0, 0], [0, 1, 0], [0, 1, -300.0]]))
    assert foot_on_floor(horizon, (100, 100, 200, 290)) is None
    boxes = np.array([[0, 0, 40, 50], [0, 20, 40, 150], [200, 0, 240, 100]], dtype=float)
    assert hidden_feet(boxes).tolist() == [True, False, False]
    square = ((0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0))
    assert inside_polygon((1, 1), square)
    assert not inside_polygon((3, 1), square)


def test_gallery_finds_the_nearest_first() -> None:
    gallery = Gallery()
    assert gallery.search(np.ones(4), 3) == []
    gallery.add(7, np.array([2.0, 0, 0, 0]))
    gallery.add(9, np.array([0.0, 5, 0, 0]))
    assert [match.identity for match in gallery.search(np.array([0.1, 1, 0, 0]), 5)] == [9, 7]
    gallery.merge(9, into=7)
    assert len(gallery) == 1


def test_a_box_that_lingers_does_not_split_a_person() -> None:
    """Track 1 goes on for two frames on a stray box after track 2 has begun."""
    buckets = []
    for frame in range(60):
        observations = []
        if frame < 30:
            observations.append(seen("c0", 0, 1, frame, (3, 3)))
        elif frame < 32:
            observations.append(replace(seen("c0", 0, 1, frame, (3.2, 3)), embedding=None))
        if frame >= 30:
            observations.append(seen("c0", 0, 2, frame, (3, 3)))
        buckets.append(Bucket(frame, tuple(observations)))
    identities = final(*run(buckets))
    assert identities["c0", 1, 10] == identities["c0", 2, 50] is not None
    assert len({identities["c0", 1, 31], identities["c0", 2, 31]}) == 2


def lost(start: int, end: int) -> list[Bucket]:
    """One person, whom the only camera does not find in [start, end); another track goes on behind the gap."""
    return [
        Bucket(f, () if start <= f < end else (seen("c0", 0, 1 if f < start else 2, f, (2 + 0.1 * f, 3)),))
        for f in range(80)
    ]


def test_a_short_gap_is_filled_with_boxes_between_its_ends() -> None:
    labelled, revisions = run(lost(40, 46))
    filled = {b.global_frame_index: b.filled for b in labelled if b.filled}
    assert sorted(filled) == [40, 41, 42, 43, 44, 45]
    identity = final(labelled, revisions)["c0", 1, 39]
    for frame, (box,) in filled.items():
        assert (box.camera_id, box.track_id, box.identity) == ("c0", 1, identity)
        assert box.bbox_xyxy == pytest.approx(seen("c0", 0, 1, frame, (2 + 0.1 * frame, 3)).bbox_xyxy)


def test_a_long_gap_and_a_camera_without_picture_stay_empty() -> None:
    labelled, _ = run(lost(40, 52))
    assert not any(bucket.filled for bucket in labelled)
    dark = [
        replace(b, without_picture=frozenset({"c0"})) if 40 <= b.global_frame_index < 46 else b for b in lost(40, 46)
    ]
    labelled, _ = run(dark)
    assert not any(bucket.filled for bucket in labelled)


def test_published_at_once_no_gap_can_be_filled() -> None:
    labelled, _ = run(lost(40, 46), AssociationParameters(label_delay_s=0))
    assert not any(bucket.filled for bucket in labelled)


def test_a_leftover_is_given_away_by_tracklets_where_one_forbids_the_rest() -> None:
    """Person 0; a cluster of two short tracklets, of which one overlaps with the person's in the same camera."""
    tracklets = [Tracklet(0, track, 0) for track in (1, 2, 3)]
    for one, frames in zip(tracklets, (range(40), range(44, 50), range(38, 42)), strict=True):
        for frame in frames:
            one.add(frame, seen("c0", 0, one.track_id, frame, (3, 3)), (3.0, 3.0))
    geometry = np.array([[0, 3, 3], [3, 0, 0], [3, 0, 0]], np.float64)
    parameters = AssociationParameters()

    def attached() -> list[int]:
        situation = Situation(tracklets, geometry, cannot_link(tracklets), 100, FPS)
        labels = np.array([0, 1, 1])
        return attach_leftovers(labels, situation, parameters.evidence, parameters.attachment).tolist()

    assert attached() == [0, 0, 1]
    tracklets[1].confidences = [0.4] * len(tracklets[1].confidences)
    assert attached() == [0, 1, 1], "the detector itself doubts"
