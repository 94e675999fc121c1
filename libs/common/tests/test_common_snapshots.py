"""States of any size on a state topic, and what a kill between two of their records leaves."""

from collections.abc import Iterable

import pytest
from confluent_kafka import Message
from spoton_common.kafka import snapshots
from spoton_common.kafka.snapshots import Loss, NewestSnapshots, Progress, Snapshot, StoredState
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


def stored(records: Iterable[StateRecord]) -> dict[str, StoredState]:
    newest = NewestSnapshots()
    for record in records:
        headers = None if record.headers is None else list(record.headers.items())
        newest.take(Message(key=record.key.encode(), value=record.value, headers=headers))
    return newest.whole()


def read(records: Iterable[StateRecord]) -> dict[str, bytes]:
    found = stored(records)
    assert not [found_state.flaw for found_state in found.values() if found_state.flaw]
    return {key: found_state.snapshot.state for key, found_state in found.items()}


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
    known = {key: found.snapshot for key, found in stored(before).items()}
    after = written(PartitionProgress.from_snapshots(known), 6, b"new")
    assert {record.key for record in after if record.value is None} == {record.key for record in before[:-1]}


def test_a_key_that_looks_like_a_part_is_none() -> None:
    own = StateRecord("task#5.0", Snapshot(1, state=b"own").to_bytes())
    assert read([own, *written(PartitionProgress(), 5, b"123456789")]) == {KEY: b"123456789", "task#5.0": b"own"}


class TestUnreadable:
    def test_a_missing_part_costs_its_key_alone_and_is_said(self) -> None:
        records = written(PartitionProgress(), 5, b"123456789")
        other = StateRecord("other", Snapshot(1, state=b"own").to_bytes())
        found = stored([records[0], *records[2:], other])
        assert found["other"].snapshot.state == b"own"
        assert found[KEY].flaw == "it lacks its part 'task#6.1'"
        assert found[KEY].snapshot.progress == {KEY: Progress((5, 1, 0), 1)}
        assert [message.value() for message in found[KEY].messages[:-1]] == [b"1234", b"9"]

    def test_rubbish_costs_its_key_alone_and_what_was_known_of_the_progress_stays(self) -> None:
        records = [*written(PartitionProgress(), 5, b"123"), StateRecord(KEY, b"rubbish"), StateRecord("x", b"")]
        found = stored(records)
        assert [message.value() for message in found[KEY].messages] == [b"rubbish"]
        assert found[KEY].snapshot == Snapshot(6, {KEY: Progress((5, 1, 0), 1)})
        assert (found["x"].snapshot, found["x"].flaw) == (Snapshot(0), "no snapshot: Input data was truncated")

    def test_a_key_that_is_no_text_is_unreadable_and_can_be_written_again(self) -> None:
        newest = NewestSnapshots()
        newest.take(Message(key=b"\xff", value=b"rubbish"))
        [key] = newest.whole()
        assert key.encode(errors="surrogateescape") == b"\xff"

    def test_a_loss_takes_the_place_of_what_could_not_be_read(self) -> None:
        found = stored([StateRecord(KEY, b"rubbish")])
        progress = PartitionProgress.from_snapshots({key: state.snapshot for key, state in found.items()})
        loss = Loss("of rubbish", beyond=9)
        progress.lose(KEY, loss)
        again = stored([StateRecord(KEY, b"rubbish"), *progress.snapshot(KEY, b"")])
        assert (again[KEY].snapshot.loss, again[KEY].snapshot.state, again[KEY].flaw) == (loss, b"", None)
