"""States of any size on a state topic, and what a kill between two of their records leaves."""

import pytest
from spoton_common.errors import UnreadableSnapshot
from spoton_common.kafka import snapshots
from spoton_common.kafka.snapshots import PART_HEADERS, NewestSnapshots, Snapshot
from spoton_common.runtime.partition import PartitionProgress, StateRecord
from spoton_schemas.records import Frame, Kind

KEY = "task"


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "PART_BYTES", 4)


def written(progress: PartitionProgress, offset: int, state: bytes) -> list[StateRecord]:
    record = Frame(
        task_id="t",
        environment_id="e",
        camera_id="c0",
        kind=Kind.FRAME,
        global_frame_index=offset,
        camera_frame_index=offset,
        sub_video_batch_index=0,
        event_time_us=0,
    )
    progress.advance(KEY, KEY, offset, (offset, 1, 0), record)
    return list(progress.snapshot(KEY, state))


def read(records: list[StateRecord]) -> dict[str, bytes]:
    newest = NewestSnapshots()
    for record in records:
        newest.take(record.key, record.value, record.headers == PART_HEADERS)
    return {key: snapshot.state for key, snapshot in newest.whole().items()}


@pytest.mark.parametrize("state", [b"", b"1", b"1234", b"12345", b"123456789"])
def test_a_state_of_any_size_comes_back(state: bytes) -> None:
    assert read(written(PartitionProgress(), 5, state)) == {KEY: state}


def test_records_are_small_whatever_the_state() -> None:
    *parts, head = written(PartitionProgress(), 5, b"123456789")
    assert [part.value for part in parts] == [b"1234", b"5678", b"9"]
    assert Snapshot.from_bytes(head.value or b"").state == b""


@pytest.mark.parametrize(
    ("old", "new"), [(b"old state", b"the new state"), (b"old state", b"new"), (b"old", b"the new")]
)
def test_a_kill_between_any_two_records_leaves_a_whole_state(old: bytes, new: bytes) -> None:
    progress = PartitionProgress()
    before, after = written(progress, 5, old), written(progress, 6, new)
    found = [read(before + after[:count])[KEY] for count in range(len(after) + 1)]
    assert found == sorted(found, key=[old, new].index)
    assert found[0] == old
    assert found[-1] == new


def test_parts_of_an_older_snapshot_are_removed_also_by_the_next_owner() -> None:
    before = written(PartitionProgress(), 5, b"old state")
    newest = NewestSnapshots()
    for record in before:
        newest.take(record.key, record.value, record.headers == PART_HEADERS)
    after = written(PartitionProgress.from_snapshots(newest.whole()), 6, b"new")
    assert {record.key for record in after if record.value is None} == {record.key for record in before[:-1]}


def test_a_missing_part_is_said() -> None:
    records = written(PartitionProgress(), 5, b"123456789")
    with pytest.raises(UnreadableSnapshot, match=r"task lacks its part 'task#6\.1'"):
        read([records[0], *records[2:]])


def test_a_key_that_looks_like_a_part_is_none() -> None:
    newest = NewestSnapshots()
    newest.take("task#5.0", Snapshot(1, state=b"own").to_bytes(), is_part=False)
    for record in written(PartitionProgress(), 5, b"123456789"):
        newest.take(record.key, record.value, record.headers == PART_HEADERS)
    assert {key: found.state for key, found in newest.whole().items()} == {KEY: b"123456789", "task#5.0": b"own"}
