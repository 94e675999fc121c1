"""What is left of a camera whose state cannot be read, and how its stream ends behind all that was published."""

import threading
from dataclasses import replace

import pytest
from confluent_kafka import Message
from spoton_common.kafka.snapshots import Snapshot, StoredState
from spoton_ingest.chain import Chain, first_chain
from spoton_ingest.holdings import Holdings
from spoton_ingest.job import JpegOptions
from spoton_ingest.lost import lost_snapshot, read_chain, snapshot_of
from spoton_ingest.traffic import Traffic
from spoton_ingest.workshop import Workshop
from spoton_schemas.bounds import MAX_TICK
from spoton_schemas.records import Scene, SceneCamera, Segment

SEGMENT = Segment(task_id="t", environment_id="e", camera_id="c0", sub_video_batch_index=0, uri="file:///none")


@pytest.fixture
def chain() -> Chain:
    return first_chain(SEGMENT, Scene("e", "Test", 10.0, (SceneCamera("c0"),)), 0)


@pytest.fixture
def holdings() -> Holdings:
    shop = Workshop(
        sink=None,  # type: ignore[arg-type] # nothing is published here
        videos=None,  # type: ignore[arg-type]
        traffic=Traffic(),
        slots=threading.Semaphore(1),
        options=JpegOptions(),
        failed=pytest.fail,
    )
    return Holdings(shop)


def stored(snapshot: Snapshot, flaw: str | None = None) -> StoredState:
    return StoredState(snapshot, (Message(key=b"t/c0", value=snapshot.to_bytes()),), flaw)


def spoiled(chain: Chain) -> StoredState:
    """Return a state that another version wrote, but for what every version can read."""
    return stored(replace(snapshot_of(chain, 5), state=b"\x80"))


def test_a_state_comes_back(chain: Chain) -> None:
    assert read_chain(stored(snapshot_of(chain, 5))) == (chain, None)


def test_other_cameras_go_on_and_why_is_said_once(chain: Chain, holdings: Holdings) -> None:
    other = replace(chain, camera_id="c1")
    live, unread = holdings.take_over(0, {"t/c0": spoiled(chain), "t/c1": stored(snapshot_of(other, 3))})
    assert live == [other]
    [(key, why)] = unread.items()
    assert key == "t/c0"
    assert why.startswith("ingest: the state of 't/c0' cannot be read (ValidationError: ")
    noted = stored(lost_snapshot("t/c0", spoiled(chain), why))
    again = Holdings(holdings._shop)
    assert again.take_over(0, {"t/c0": noted}) == ([], {})
    assert again.lost("t/c0") == holdings.lost("t/c0")


def test_a_camera_in_its_first_sub_video_begins_again(chain: Chain, holdings: Holdings) -> None:
    holdings.take_over(0, {"t/c0": spoiled(replace(chain, reserved_tick=30))})
    lost = holdings.lost("t/c0")
    assert lost is not None
    assert lost.begins_again(SEGMENT)
    holdings.open(chain, 0, 5)
    assert holdings.lost("t/c0") is None
    assert holdings.knows("t/c0")


@pytest.mark.parametrize("batch", [0, 1, 2])
def test_a_camera_further_on_ends_behind_all_that_was_published(chain: Chain, holdings: Holdings, batch: int) -> None:
    later = replace(chain, next_batch=1, next_tick=30, next_camera_frame=30, reserved_tick=60, frames=29)
    holdings.take_over(0, {"t/c0": spoiled(later)})
    lost = holdings.lost("t/c0")
    assert lost is not None
    assert not lost.begins_again(replace(SEGMENT, sub_video_batch_index=batch))
    last = lost.last(chain)
    assert (last.next_tick, last.frames, last.ended) == (60, 29, True)


def test_where_nothing_is_known_it_ends_behind_everything(chain: Chain, holdings: Holdings) -> None:
    holdings.take_over(0, {"t/c0": stored(Snapshot(0), "no snapshot")})
    lost = holdings.lost("t/c0")
    assert lost is not None
    assert lost.begins_again(SEGMENT)
    assert not lost.begins_again(replace(SEGMENT, sub_video_batch_index=1))
    assert lost.last(chain).next_tick == MAX_TICK


def test_a_stream_that_had_ended_stays_ended(chain: Chain, holdings: Holdings) -> None:
    _, unread = holdings.take_over(0, {"t/c0": spoiled(replace(chain, ended=True))})
    assert list(unread) == ["t/c0"]
    assert holdings.lost("t/c0") is None
    assert holdings.knows("t/c0")
