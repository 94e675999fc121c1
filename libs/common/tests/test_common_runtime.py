"""The parts of the runner that need no broker."""

from dataclasses import replace

import pytest
from spoton_common.errors import BrokenStage, RejectedRecord
from spoton_common.kafka.snapshots import Loss, Progress, Snapshot
from spoton_common.runtime import ledger
from spoton_common.runtime.loss import last_record, notice
from spoton_common.runtime.partition import PartitionProgress
from spoton_common.runtime.stage import KeyedStage, Output, Rejection
from spoton_common.runtime.waiting import Waiting
from spoton_schemas.records import (
    CameraIdentities,
    CommandName,
    Detections,
    GlobalIds,
    Kind,
    Outcome,
    Stage,
    StatusKind,
)
from spoton_schemas.topics import DETECTIONS, GLOBAL_IDS

NOW_US = 1_700_000_000_000_000


def frame(tick: int, camera_id: str = "c0", kind: Kind = Kind.FRAME) -> Detections:
    return Detections(
        task_id="t",
        environment_id="e",
        camera_id=camera_id,
        kind=kind,
        sub_video_batch_index=0,
        global_frame_index=tick,
        camera_frame_index=tick,
        event_time_us=tick,
    )


def bucket(tick: int) -> GlobalIds:
    return GlobalIds(
        task_id="t",
        environment_id="e",
        kind=Kind.FRAME,
        sub_video_batch_index=0,
        global_frame_index=tick,
        event_time_us=tick,
        cameras=(CameraIdentities(camera_id="c0", camera_frame_index=tick, event_time_us=tick),),
    )


class Summing:
    """Adds up ticks; refuses tick 13, and breaks at tick 66 when it has half taken it."""

    def __init__(self) -> None:
        self.total = 0

    def feed(self, record: Detections) -> list[Output]:
        if record.global_frame_index == 13:
            raise RejectedRecord("unlucky", "thirteen")
        self.total += record.global_frame_index
        if record.global_frame_index == 66:
            raise ZeroDivisionError("the number of the beast")
        if record.global_frame_index == 99:
            raise BrokenStage("the device is gone")
        return [Output(DETECTIONS, record)]

    def snapshot(self) -> bytes:
        return str(self.total).encode()

    def restore(self, state: bytes) -> None:
        self.total = int(state)


class TestPartitionProgress:
    def test_drops_what_is_not_after_the_last_position_of_its_stream(self) -> None:
        progress = PartitionProgress()
        progress.advance("t/c0", "t/c0", 5, (3, 1, 0), frame(3))
        assert progress.refusal("t/c0", "t/c0", 6, (3, 1, 0), Kind.FRAME) == "duplicate"
        assert progress.refusal("t/c0", "t/c0", 7, (2, 1, 0), Kind.FRAME) == "duplicate"
        assert progress.refusal("t/c0", "t/c0", 8, (4, 1, 0), Kind.FRAME) is None

    def test_drops_what_a_restored_state_already_holds(self) -> None:
        snapshot = Snapshot(10, {"t/c0": Progress((3, 1, 0), 4)}, b"state")
        progress = PartitionProgress.from_snapshots({"t": Snapshot.from_bytes(snapshot.to_bytes())})
        assert progress.refusal("t", "t/c1", 9, (0, -1, 0), Kind.START) == "duplicate"
        assert progress.refusal("t", "t/c1", 10, (0, -1, 0), Kind.START) is None
        assert progress.refusal("t", "t/c0", 10, (3, 1, 0), Kind.FRAME) == "duplicate"

    def test_a_stream_is_one_start_then_records_then_one_end(self) -> None:
        progress = PartitionProgress()
        assert progress.refusal("t/c0", "t/c0", 0, (7, 1, 0), Kind.FRAME) == "not_started"
        assert progress.keys == {}, "a stream that never starts leaves nothing in memory"
        progress.advance("t/c0", "t/c0", 1, (0, -1, 0), frame(0, kind=Kind.START))
        assert progress.refusal("t/c0", "t/c0", 2, (9, -1, 0), Kind.START) == "started_twice"
        assert progress.refusal("t/c0", "t/c0", 2, (0, -1, 0), Kind.START) == "duplicate"
        progress.advance("t/c0", "t/c0", 3, (4, 2, 0), frame(4, kind=Kind.END_OF_TASK))
        assert progress.refusal("t/c0", "t/c0", 4, (4, 2, 0), Kind.END_OF_TASK) == "duplicate"
        assert progress.refusal("t/c0", "t/c0", 4, (5, 2, 0), Kind.END_OF_TASK) == "after_end"
        assert progress.refusal("t/c0", "t/c0", 4, (9, 1, 0), Kind.FRAME) == "after_end"

    def test_counts_pictures_and_not_marks(self) -> None:
        progress = PartitionProgress()
        progress.advance("t/c0", "t/c0", 0, (0, -1, 0), frame(0, kind=Kind.START))
        progress.advance("t/c0", "t/c0", 1, (0, 1, 0), frame(0))
        assert progress.advance("t/c0", "t/c0", 2, (1, 1, 0), frame(1)).frames == 2
        assert progress.advance("t", "t", 3, (1, 1, 0), bucket(1)).frames == 1

    def test_a_snapshot_stands_after_the_last_record_of_its_key(self) -> None:
        progress = PartitionProgress()
        progress.advance("t/c0", "t/c0", 5, (3, 1, 0), frame(3))
        progress.advance("t/c1", "t/c1", 6, (3, 1, 0), frame(3, "c1"))
        [record] = progress.snapshot("t/c0", b"s")
        assert record.key == "t/c0"
        assert Snapshot.from_bytes(record.value or b"") == Snapshot(6, {"t/c0": Progress((3, 1, 0), 1)}, b"s")
        assert list(progress.changed) == ["t/c0", "t/c1"]


class TestLoss:
    def test_the_end_is_told_where_nobody_can_have_been_before_and_once(self) -> None:
        progress = PartitionProgress.from_snapshots({"t/c0": Snapshot(4, {"t/c0": Progress((3, 1, 0), 4)})})
        progress.lose("t/c0", Loss("rubbish", beyond=7))
        told = []
        for offset, tick in ((4, 4), (6, 5), (7, 6), (8, 7)):
            assert progress.refusal("t/c0", "t/c0", offset, (tick, 1, 0), Kind.FRAME) is None
            progress.advance("t/c0", "t/c0", offset, (tick, 1, 0), frame(tick))
            told.append(progress.tell_loss("t/c0", offset))
        assert told == [False, False, True, False]
        assert progress.refusal("t/c0", "t/c0", 9, (7, 1, 0), Kind.FRAME) == "duplicate"

    def test_it_is_told_before_where_all_streams_end(self) -> None:
        streams = {"t/c0": Progress((3, 1, 0), 4), "t/c1": Progress((9, 1, 0), 4)}
        progress = PartitionProgress.from_snapshots({"t": Snapshot(4, streams)})
        progress.lose("t", Loss("rubbish", beyond=100))
        progress.advance("t", "t/c0", 4, (5, 2, 0), frame(5, kind=Kind.END_OF_TASK))
        assert not progress.tell_loss("t", 4)
        progress.advance("t", "t/c1", 5, (9, 2, 0), frame(9, "c1", Kind.END_OF_TASK))
        assert progress.tell_loss("t", 5)
        assert progress.keys["t"].tick == 9

    def test_a_stream_of_which_nothing_is_known_any_more_may_go_on_with_any_record(self) -> None:
        progress = PartitionProgress()
        progress.lose("t/c0", Loss("rubbish", beyond=0))
        assert progress.refusal("t/c0", "t/c0", 8, (7, 1, 0), Kind.FRAME) is None
        assert progress.refusal("t/c1", "t/c1", 8, (7, 1, 0), Kind.FRAME) == "not_started"

    def test_the_end_is_that_of_the_stream_and_nothing_else(self) -> None:
        end = last_record(replace(frame(7), observed=False), 9, "rubbish")
        assert end == replace(
            frame(9, kind=Kind.END_OF_TASK),
            camera_frame_index=7,
            event_time_us=7,
            outcome=Outcome.FAILED,
            error="rubbish",
        )
        whole = last_record(bucket(7), 7, "rubbish")
        assert (whole.cameras, whole.kind, whole.outcome) == ((), Kind.END_OF_TASK, Outcome.FAILED)

    def test_a_camera_a_task_and_a_by_product_are_told_of_differently(self) -> None:
        [camera, task, by_product] = [
            notice(Stage.DETECTOR, DETECTIONS, frame(7), "rubbish", answers=True).record,
            notice(Stage.MAPPER, GLOBAL_IDS, bucket(7), "rubbish", answers=True).record,
            notice(Stage.EVENTS, GLOBAL_IDS, bucket(7), "rubbish", answers=False).record,
        ]
        assert (camera.kind, camera.camera_id, camera.message) == (StatusKind.CAMERA_FAILED, "c0", "rubbish")
        assert (task.task_id, task.command) == ("t", CommandName.STOP)
        assert (by_product.kind, by_product.camera_id, by_product.message) == (StatusKind.ENDED, None, "rubbish")


class TestKeyedStage:
    def test_keeps_keys_apart_and_goes_on_from_a_snapshot(self) -> None:
        stage = KeyedStage(DETECTIONS, lambda _key: Summing())
        list(stage.feed([frame(1), frame(2), frame(5, "c1")]))
        assert (stage.snapshot("t/c0"), stage.snapshot("t/c1")) == (b"3", b"5")
        other = KeyedStage(DETECTIONS, lambda _key: Summing())
        other.restore("t/c0", stage.snapshot("t/c0"))
        list(other.feed([frame(4)]))
        assert other.snapshot("t/c0") == b"7"
        other.forget("t/c0")
        assert other.snapshot("t/c0") == b""

    def test_one_bad_record_is_rejected_and_the_others_go_on(self) -> None:
        stage = KeyedStage(DETECTIONS, lambda _key: Summing())
        outputs = list(stage.feed([frame(1), frame(13), frame(2)]))
        assert outputs[1] == Rejection(1, "unlucky", "thirteen")
        assert [type(output) for output in outputs] == [Output, Rejection, Output]
        assert stage.snapshot("t/c0") == b"3"

    @pytest.mark.parametrize("checkpoints", [(), (1,), (0, 1, 2)])
    def test_a_record_at_which_it_fails_leaves_the_state_as_it_was(self, checkpoints: tuple[int, ...]) -> None:
        stage = KeyedStage(DETECTIONS, lambda _key: Summing())
        outputs: list[Output | Rejection] = []
        for number, tick in enumerate((1, 2, 66, 66, 4)):
            outputs += stage.feed([frame(tick)])
            if number in checkpoints:
                stage.snapshot("t/c0")
        rejections = [output for output in outputs if isinstance(output, Rejection)]
        assert [r.reason for r in rejections] == ["failed", "failed"]
        assert "ZeroDivisionError: the number of the beast (" in rejections[0].detail
        assert "feed" in rejections[0].detail
        assert stage.snapshot("t/c0") == b"7"

    def test_a_journal_stays_short_without_checkpoints(self) -> None:
        stage = KeyedStage(DETECTIONS, lambda _key: Summing())
        for tick in range(100, 2100):
            list(stage.feed([frame(tick)]))
        list(stage.feed([frame(66)]))
        assert stage.snapshot("t/c0") == str(sum(range(100, 2100))).encode()

    def test_what_no_record_is_to_blame_for_ends_the_process(self) -> None:
        with pytest.raises(BrokenStage):
            list(KeyedStage(DETECTIONS, lambda _key: Summing()).feed([frame(99)]))


class TestWaiting:
    def test_a_camera_gets_what_came_with_its_own_picture(self) -> None:
        waiting = Waiting[str]()
        waiting.arrived(frame(1), "c0")
        waiting.arrived(frame(1, "c1"), "c1")
        assert waiting.left(frame(1)) == ["c0"]
        assert waiting.left(frame(1)) == []
        assert len(waiting) == 1

    def test_a_tick_of_all_cameras_gets_what_came_with_any_of_them(self) -> None:
        waiting = Waiting[str]()
        waiting.arrived(frame(1), "c0")
        waiting.arrived(frame(1, "c1"), "c1")
        waiting.arrived(frame(2), "later")
        assert waiting.left(bucket(1)) == ["c0", "c1"]
        assert len(waiting) == 1

    def test_the_end_of_a_stream_leaves_nothing_of_it_behind(self) -> None:
        waiting = Waiting[str]()
        waiting.arrived(frame(1), "c0")
        waiting.arrived(frame(1, "c1"), "c1")
        waiting.forget(frame(2, kind=Kind.END_OF_TASK))
        assert waiting.left(bucket(1)) == ["c1"]

    def test_what_came_with_a_mark_serves_every_later_mark_of_its_stream(self) -> None:
        waiting = Waiting[str]()
        waiting.arrived(frame(0, kind=Kind.START), "c0")
        waiting.arrived(frame(0, "c1", Kind.START), "c1")
        end = frame(9, kind=Kind.END_OF_TASK)
        assert waiting.left(end) == waiting.left(end) == ["c0"]
        assert waiting.left(replace(bucket(0), kind=Kind.START)) == ["c0", "c1"]
        assert len(waiting) == 0


class TestLedger:
    def test_a_tick_of_all_cameras_has_the_latest_times(self) -> None:
        found = ledger.latest([{"ingest": 10, "detector": 15}, {"ingest": 20, "detector": 14}])
        assert found == {"ingest": 20, "detector": 15}

    @pytest.mark.parametrize(
        "headers",
        [
            None,
            [],
            [("spoton-ledger", None)],
            *(
                [("spoton-ledger", value)]
                for value in (b"{", b"[1]", b'{"a":"b"}', b'{"a":null}', b'{"a":1e400}', b'{"a":-5}', b'{"a":true}')
            ),
            [("spoton-ledger", b"[" * 2000)],
            [("spoton-ledger", b'{"ingest":1700000000000000' + b" " * 5000 + b"}")],
            [("spoton-ledger", b"\xff\xfe")],
        ],
    )
    def test_headers_that_are_not_ours_give_no_times(self, headers: list[tuple[str, bytes | None]] | None) -> None:
        assert ledger.decode(headers) == {}

    def test_times_come_back_from_headers(self) -> None:
        assert ledger.decode([("other", None), ("spoton-ledger", ledger.encode({"ingest": NOW_US}))]) == {
            "ingest": NOW_US
        }
