"""Tracking and association as state machines between topics: two cameras, two people in different colours."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from spoton_common.errors import RejectedRecord
from spoton_common.runtime.loss import last_record
from spoton_reid.association import AssociationParameters, Associator, LabelledBucket
from spoton_reid.association import IdentityRevision as Correction
from spoton_reid.embedding import Embedder
from spoton_reid.embedding.description import ModelDescription
from spoton_reid.stages.associate import AssociateMachine
from spoton_reid.stages.track import TrackMachine, TrackTools
from spoton_reid.tracking import create_tracker
from spoton_schemas.records import (
    Detection,
    Detections,
    GlobalIds,
    IdentityRevision,
    Kind,
    Outcome,
    Scene,
    SceneCamera,
    TaskStart,
    Tracks,
)

# From straight above: a hundred pixels are a metre, both cameras see the same floor.
FROM_ABOVE = (0.01, 0.0, 0.0, 0.0, 0.01, 0.0, 0.0, 0.0, 1.0)
CAMERAS = ("c0", "c1")
START = TaskStart(Scene("e", "E", 10.0, tuple(SceneCamera(c, homography=FROM_ABOVE) for c in CAMERAS)), CAMERAS, 0)
RED, BLUE = (20, 20, 220), (220, 40, 20)


class Colours(Embedder):
    """Embeds a crop as its mean colour, seen from grey."""

    def __init__(self) -> None:
        super().__init__(ModelDescription(name="colours", colour_order="bgr"), 3)

    def _infer(self, inputs: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        return np.array([picture.mean(axis=(1, 2)) - 100 for picture in inputs], np.float32)


def record(camera_id: str, kind: Kind, tick: int, **content: object) -> Detections:
    return Detections(
        task_id="t",
        environment_id="e",
        camera_id=camera_id,
        kind=kind,
        sub_video_batch_index=0,
        global_frame_index=tick,
        camera_frame_index=tick,
        event_time_us=tick * 100_000,
        image_width=1000,
        image_height=1000,
        **content,  # type: ignore[arg-type]
    )


def detection(x: float, colour: tuple[int, int, int] | None, class_name: str = "person") -> Detection:
    crop = None if colour is None else cv2.imencode(".jpg", np.full((128, 64, 3), colour, np.uint8))[1].tobytes()
    return Detection(
        bbox_xyxy=(x - 40, 300.0, x + 40, 500.0),
        confidence=0.9,
        class_id=0 if class_name == "person" else 39,
        class_name=class_name,
        crop=crop,
    )


def walk(camera_id: str, ticks: int = 40) -> list[Detections]:
    """Two people walk towards and past each other with a metre between them at the end."""
    frames = [
        record(
            camera_id,
            Kind.FRAME,
            tick,
            detections=(detection(200 + 8 * tick, RED), detection(900 - 4 * tick, BLUE)),
        )
        for tick in range(ticks)
    ]
    return [
        record(camera_id, Kind.START, 0, start=START),
        *frames,
        record(camera_id, Kind.END_OF_SEGMENT, ticks),
        record(camera_id, Kind.END_OF_TASK, ticks, outcome=Outcome.COMPLETED),
    ]


def track_machine(tracker: str = "tracklet") -> TrackMachine:
    return TrackMachine(TrackTools(Colours(), lambda fps: create_tracker(tracker, fps=fps)))


def tracks_of(machine: TrackMachine, stream: Sequence[Detections]) -> list[Tracks]:
    return [output.record for r in stream for output in machine.feed(r)]


def identities(machine: AssociateMachine, stream: Sequence[Tracks]) -> list[GlobalIds | IdentityRevision]:
    return [output.record for r in stream for output in machine.feed(r)]


@pytest.fixture(scope="module")
def streams() -> list[list[Tracks]]:
    return [tracks_of(track_machine(), walk(camera_id)) for camera_id in CAMERAS]


def seldom(stream: list[Detections], every: int) -> list[Detections]:
    """The same stream when the detector looks at every n-th picture only."""
    return [
        replace(r, detections=(), observed=False) if r.kind is Kind.FRAME and r.camera_frame_index % every else r
        for r in stream
    ]


@pytest.mark.parametrize("restart", [False, True])
def test_pictures_left_out_get_the_same_people(restart: bool) -> None:
    expected = tracks_of(track_machine(), walk("c0"))
    machine, found = track_machine(), []
    for r in seldom(walk("c0"), 2):
        found += [output.record for output in machine.feed(r)]
        if restart and (state := machine.snapshot()):
            machine = track_machine()
            machine.restore(state)
    assert [(r.kind, r.global_frame_index) for r in found] == [(r.kind, r.global_frame_index) for r in expected]
    for ours, theirs in zip(found, expected, strict=True):
        assert [t.track_id for t in ours.tracks] == [t.track_id for t in theirs.tracks]
        for a, b in zip(ours.tracks, theirs.tracks, strict=True):
            assert a.bbox_xyxy == pytest.approx(b.bbox_xyxy)
    assert [r.observed for r in found if r.kind is Kind.FRAME][:5] == [True, False, True, False, True]


def interleaved(streams: list[list[Tracks]]) -> list[Tracks]:
    return [r for pair in zip(*streams, strict=True) for r in pair]


class TestTrackMachine:
    def test_two_people_are_two_tracklets_and_marks_pass(self, streams: list[list[Tracks]]) -> None:
        stream = streams[0]
        assert [r.kind for r in stream[:2]] == [Kind.START, Kind.FRAME]
        assert [r.kind for r in stream[-2:]] == [Kind.END_OF_SEGMENT, Kind.END_OF_TASK]
        assert {track.track_id for r in stream for track in r.tracks} == {1, 2}
        assert stream[0].start == START

    def test_few_crops_are_embedded_and_the_first_is(self, streams: list[list[Tracks]]) -> None:
        seen = [r.tracks for r in streams[0] if r.kind is Kind.FRAME]
        assert all(track.embedding is not None for track in seen[0])
        embedded = sum(track.embedding is not None for tracks in seen for track in tracks)
        assert 4 <= embedded <= 30
        first = np.frombuffer(seen[0][0].embedding or b"", "<f4")
        assert np.linalg.norm(first) == pytest.approx(1.0, abs=1e-5)

    @pytest.mark.parametrize("tracker", ["tracklet", "botsort"])
    def test_a_restored_machine_goes_on_as_if_nothing_had_happened(self, tracker: str) -> None:
        stream = walk("c0")
        expected = tracks_of(track_machine(tracker), stream)
        killed, revived = track_machine(tracker), track_machine(tracker)
        before = tracks_of(killed, stream[:17])
        revived.restore(killed.snapshot())
        assert before + tracks_of(revived, stream[17:]) == expected

    def test_objects_are_tracked_apart_from_people_with_ids_of_their_own(self) -> None:
        frames = [
            record("c0", Kind.FRAME, t, detections=(detection(200, RED), detection(205, None, "bottle")))
            for t in range(5)
        ]
        machine = track_machine()
        stream = tracks_of(machine, [record("c0", Kind.START, 0, start=START), *frames])
        names = {(track.class_name, track.track_id) for r in stream for track in r.tracks}
        assert names == {("bottle", 1), ("person", 2)}
        assert all(t.visibility == 1.0 and t.embedding is None for r in stream for t in r.tracks if t.track_id == 1)

    def test_a_crop_that_is_no_picture_leaves_the_track_without_embedding(self) -> None:
        broken = Detection(
            bbox_xyxy=(100.0, 300.0, 180.0, 500.0), confidence=0.9, class_id=0, class_name="person", crop=b"no picture"
        )
        machine = track_machine()
        machine.feed(record("c0", Kind.START, 0, start=START))
        [output] = machine.feed(record("c0", Kind.FRAME, 0, detections=(broken,)))
        assert [track.embedding for track in output.record.tracks] == [None]

    def test_a_picture_before_the_start_is_rejected(self) -> None:
        with pytest.raises(RejectedRecord, match="without START"):
            track_machine().feed(record("c0", Kind.FRAME, 0))

    def test_nothing_is_kept_after_the_end(self) -> None:
        machine = track_machine()
        tracks_of(machine, walk("c0"))
        assert machine.snapshot() == b""


class TestAssociateMachine:
    def machine(self) -> AssociateMachine:
        return AssociateMachine(AssociationParameters())

    def test_a_person_has_one_identity_in_both_cameras(self, streams: list[list[Tracks]]) -> None:
        records = identities(self.machine(), interleaved(streams))
        buckets = [r for r in records if isinstance(r, GlobalIds)]
        last = [b for b in buckets if b.kind is Kind.FRAME][-1]
        left, right = ({t.track_id: t.global_id for t in camera.tracks} for camera in last.cameras)
        assert left == right
        assert len(set(left.values())) == 2
        assert None not in left.values()

    def test_every_tick_comes_out_once_in_order_with_its_marks(self, streams: list[list[Tracks]]) -> None:
        buckets = [r for r in identities(self.machine(), interleaved(streams)) if isinstance(r, GlobalIds)]
        assert [b.kind for b in buckets] == [
            Kind.START,
            *[Kind.FRAME] * 40,
            Kind.END_OF_SEGMENT,
            Kind.END_OF_TASK,
        ]
        assert [b.global_frame_index for b in buckets[1:41]] == list(range(40))
        assert (buckets[0].start, buckets[-1].outcome) == (START, Outcome.COMPLETED)
        assert all(len(b.cameras) == 2 for b in buckets[1:41])

    def test_what_is_published_is_sent_before_the_next_decision_is_made(
        self, streams: list[list[Tracks]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        done: list[int | str] = []
        decide = Associator.decide

        def noted(self: Associator) -> list[Correction]:
            done.append("decided")
            return decide(self)

        monkeypatch.setattr(Associator, "decide", noted)
        machine = self.machine()
        before_the_end = [r for r in interleaved(streams) if r.kind is not Kind.END_OF_TASK]
        for output in (output for r in before_the_end for output in machine.feed(r)):
            if isinstance(output.record, GlobalIds) and output.record.kind is Kind.FRAME:
                done.append(output.record.global_frame_index)
        delay = done.index(0)
        published = [[tick, "decided"] for tick in range(40 - delay)]
        assert done == ["decided"] * delay + [step for steps in published for step in steps]

    def test_the_end_names_the_last_revision_that_belongs_to_it(
        self, streams: list[list[Tracks]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        finish = Associator.finish

        def finish_with_a_correction(self: Associator) -> tuple[list[LabelledBucket], list[Correction]]:
            buckets, corrections = finish(self)
            return buckets, [*corrections, Correction("c0", 1, 0, 5, 1, 7)]

        monkeypatch.setattr(Associator, "finish", finish_with_a_correction)
        records = identities(self.machine(), interleaved(streams))
        newest = max(r.revision for r in records if isinstance(r, IdentityRevision))
        end = records[-1]
        assert isinstance(end, GlobalIds)
        assert (end.kind, end.identity_revision) == (Kind.END_OF_TASK, newest)

    def test_the_order_of_arrival_changes_nothing(self, streams: list[list[Tracks]]) -> None:
        one_after_the_other = [*streams[1], *streams[0]]
        expected = identities(self.machine(), interleaved(streams))
        assert identities(self.machine(), one_after_the_other) == expected

    @pytest.mark.parametrize("killed_after", [1, 3, 40, 79])
    def test_a_restored_machine_goes_on_as_if_nothing_had_happened(
        self, streams: list[list[Tracks]], killed_after: int
    ) -> None:
        stream = interleaved(streams)
        expected = identities(self.machine(), stream)
        killed, revived = self.machine(), self.machine()
        before = identities(killed, stream[:killed_after])
        revived.restore(killed.snapshot())
        assert before + identities(revived, stream[killed_after:]) == expected

    def test_nothing_is_kept_after_the_end(self, streams: list[list[Tracks]]) -> None:
        machine = self.machine()
        identities(machine, interleaved(streams))
        assert machine.snapshot() == b""

    def test_a_camera_that_is_not_of_the_task_is_rejected(self, streams: list[list[Tracks]]) -> None:
        machine = self.machine()
        list(machine.feed(streams[0][0]))
        stranger = Tracks(
            task_id="t",
            environment_id="e",
            camera_id="c9",
            kind=Kind.FRAME,
            sub_video_batch_index=0,
            global_frame_index=0,
            camera_frame_index=0,
            event_time_us=0,
        )
        with pytest.raises(RejectedRecord, match="c9"):
            list(machine.feed(stranger))

    def test_a_task_whose_state_could_not_be_read_ends_as_failed(self, streams: list[list[Tracks]]) -> None:
        machine = AssociateMachine(AssociationParameters())
        picture = next(record for record in streams[0] if record.kind is Kind.FRAME)
        [output] = machine.feed(last_record(picture, 9, "rubbish"))
        end = output.record
        assert (type(end), end.kind, end.global_frame_index) == (GlobalIds, Kind.END_OF_TASK, 9)
        assert (end.outcome, end.error, machine.snapshot()) == (Outcome.FAILED, "rubbish", b"")
        with pytest.raises(RejectedRecord, match="has not started"):
            list(machine.feed(picture))
