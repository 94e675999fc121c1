"""Cameras' streams put together tick by tick."""

import itertools
import random

from spoton_reid.stages.ticks import SegmentEnd, TaskEnd, Tick, TickBuffer
from spoton_schemas.records import Kind, Outcome, Tracks


def record(camera_id: str, kind: Kind, tick: int, batch: int = 0, **content: object) -> Tracks:
    return Tracks(
        task_id="t",
        environment_id="e",
        camera_id=camera_id,
        kind=kind,
        sub_video_batch_index=batch,
        global_frame_index=tick,
        camera_frame_index=tick,
        event_time_us=tick,
        **content,  # type: ignore[arg-type]
    )


def frame(camera_id: str, tick: int, batch: int = 0) -> Tracks:
    return record(camera_id, Kind.FRAME, tick, batch)


def segment_end(camera_id: str, tick: int, batch: int = 0, error: str | None = None) -> Tracks:
    return record(camera_id, Kind.END_OF_SEGMENT, tick, batch, error=error)


def end(camera_id: str, tick: int, outcome: Outcome = Outcome.COMPLETED, error: str | None = None) -> Tracks:
    return record(camera_id, Kind.END_OF_TASK, tick, 1, outcome=outcome, error=error)


def close(buffer: TickBuffer, *records: Tracks) -> list[Tick | SegmentEnd | TaskEnd]:
    return [item for r in records for item in buffer.add(r)]


def ticks(items: list[Tick | SegmentEnd | TaskEnd]) -> list[tuple[int, list[str]]]:
    return [(i.global_frame_index, [c.camera_id for c in i.cameras]) for i in items if isinstance(i, Tick)]


def test_a_tick_closes_when_every_camera_has_it() -> None:
    buffer = TickBuffer(("c1", "c0"))
    assert close(buffer, frame("c1", 0), frame("c1", 1)) == []
    assert ticks(close(buffer, frame("c0", 0))) == [(0, ["c0", "c1"])]


def test_a_camera_without_a_picture_at_a_tick_holds_up_only_until_its_next() -> None:
    buffer = TickBuffer(("c0", "c1"))
    assert close(buffer, frame("c0", 0), frame("c0", 1)) == []
    assert ticks(close(buffer, frame("c1", 1))) == [(0, ["c0"]), (1, ["c0", "c1"])]


def test_a_camera_that_has_ended_holds_nobody_up() -> None:
    buffer = TickBuffer(("c0", "c1"))
    close(buffer, end("c1", 0, Outcome.FAILED, "no such file"))
    assert ticks(close(buffer, frame("c0", 0))) == [(0, ["c0"])]


def test_a_batch_is_complete_once_all_have_passed_it_and_stands_before_the_next_frames() -> None:
    buffer = TickBuffer(("c0", "c1"))
    items = close(buffer, frame("c0", 0), frame("c1", 0), segment_end("c0", 1), frame("c0", 1, 1))
    assert [type(item) for item in items] == [Tick]
    items = close(buffer, segment_end("c1", 1, error="cut off"), frame("c1", 1, 1))
    assert items[0] == SegmentEnd(1, 0, "c1: cut off")
    assert ticks(items) == [(1, ["c0", "c1"])]


def test_a_longer_sub_video_of_one_camera_moves_the_end_of_the_batch() -> None:
    buffer = TickBuffer(("c0", "c1"))
    items = close(
        buffer,
        *(frame("c0", 0), segment_end("c0", 1), frame("c0", 1, 1), frame("c0", 2, 1)),
        *(frame("c1", 0), frame("c1", 1), segment_end("c1", 2), frame("c1", 2, 1)),
    )
    assert [(type(i).__name__, i.global_frame_index) for i in items] == [
        ("Tick", 0),
        ("Tick", 1),
        ("SegmentEnd", 2),
        ("Tick", 2),
    ]


def test_a_task_ends_once_with_the_outcome_of_its_cameras() -> None:
    def outcome(*ends: Tracks) -> TaskEnd:
        [task_end] = close(TickBuffer(("c0", "c1")), *ends)
        assert isinstance(task_end, TaskEnd)
        return task_end

    assert outcome(end("c0", 5), end("c1", 7)) == TaskEnd(7, 1, Outcome.COMPLETED, None)
    assert outcome(end("c0", 5), end("c1", 0, Outcome.FAILED, "gone")).error == "c1: gone"
    assert outcome(end("c0", 5), end("c1", 0, Outcome.FAILED, "gone")).outcome is Outcome.COMPLETED
    assert outcome(end("c0", 5, Outcome.STOPPED), end("c1", 7)).outcome is Outcome.STOPPED
    both = outcome(end("c0", 0, Outcome.FAILED, "x"), end("c1", 0, Outcome.FAILED, "y"))
    assert (both.outcome, both.error) == (Outcome.FAILED, "c0: x; c1: y")


def test_the_order_of_arrival_changes_nothing() -> None:
    streams = [
        [frame(c, 0), frame(c, 1), segment_end(c, 2), frame(c, 2, 1), frame(c, 4, 1), segment_end(c, 5, 1), end(c, 5)]
        for c in ("c0", "c1", "c2")
    ]
    results = []
    for seed in range(20):
        choose = random.Random(seed)
        left = [list(stream) for stream in streams]
        buffer, items = TickBuffer(("c0", "c1", "c2")), []
        while any(left):
            items += buffer.add(choose.choice([stream for stream in left if stream]).pop(0))
        results.append(items)
    assert all(a == b for a, b in itertools.pairwise(results))
    assert len(results[0]) == 4 + 2 + 1
