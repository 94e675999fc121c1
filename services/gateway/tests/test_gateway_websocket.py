"""The WebSocket on real Kafka: what a client is told, in which order, and how it goes on after a break."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import httpx
import pytest
import websockets
from spoton_schemas.records import Outcome, Stage, StatusKind

pytestmark = pytest.mark.integration

Messages = list[dict[str, Any]]


async def listen(processes, task_id: str, cursor: str | None = None, stop_after: int | None = None) -> Messages:
    """Receive until the server closes (code 1000), or so many messages."""
    url = f"{processes.ws_url}/{task_id}" + (f"?cursor={cursor}" if cursor else "")
    messages: Messages = []
    async with websockets.connect(url, max_size=None) as connection:
        async for text in connection:
            messages.append(json.loads(text))
            if len(messages) == stop_after:
                return messages
        assert connection.close_code == 1000, (connection.close_code, connection.close_reason)
    return messages


def told(messages: Messages, kind: str) -> list[dict[str, Any]]:
    return [message["payload"] for message in messages if message["type"] == kind]


def without_seq(messages: Messages) -> Messages:
    return [{key: value for key, value in message.items() if key not in ("seq", "sent_us")} for message in messages]


def whole_task(script, event, *, frames: int = 20) -> list[Any]:
    half = frames // 2
    return [
        script.accepted(),
        script.media("c1", 0),
        script.start(),
        script.media("c2", 0),
        *[script.frame(tick) for tick in range(half)],
        script.progress(Stage.MAPPER, None, 2 * half),
        script.end_of_segment(half, 0),
        event(script, f"{script.task_id}-1", half),
        script.revision(1, ("c1", 1, 0, 5, 1, 2)),
        script.media("c1", 1, last=True),
        script.camera_failed("c2", "the file is cut short"),
        *[script.frame(tick, revision=1) for tick in range(half, frames)],
        script.end_of_segment(frames, 1),
        script.progress(Stage.MAPPER, None, 2 * frames, ended=True),
        script.end(frames, revision=1),
    ]


async def known(processes, task_id: str) -> None:
    """Wait until the gateway knows the task."""
    await asyncio.to_thread(
        processes.wait_until,
        lambda: httpx.get(f"{processes.url}/api/v1/processing-tasks/{task_id}/status").status_code == 200,
    )


async def test_a_client_is_told_everything_in_order(processes, say, script, event):
    say(*whole_task(script, event))
    await known(processes, script.task_id)
    messages = await listen(processes, script.task_id)

    assert [message["seq"] for message in messages] == list(range(1, len(messages) + 1))
    updates = told(messages, "tracking_update")
    assert [update["global_frame_index"] for update in updates] == list(range(20))
    assert updates[3]["scene_id"] == "yard"
    assert updates[3]["timestamp_processed_utc"].endswith("Z")
    track = updates[3]["cameras"]["c2"]["tracks"][0]
    assert track["track_id"] == 11
    assert track["global_id"] == 1
    assert track["bbox_xyxy"] == [13.0, 20.0, 33.0, 80.0]
    assert track["map_coords"] == [pytest.approx(0.3), 2.0]
    assert track["class_name"] == "person"
    assert updates[3]["cameras"]["c2"]["image_source"] == "000003.jpg"
    assert updates[3]["people"][0]["global_id"] == 1

    base = f"/api/v1/media/tasks/{script.task_id}/environments/yard/cameras"
    assert told(messages, "media_available") == [
        {
            "sub_video_batch_index": 0,
            "media_urls": [
                {
                    "camera_id": camera,
                    "sub_video_filename": "a.mp4",
                    "url": f"{base}/{camera}/sub_videos/a.mp4",
                    "start_global_frame_index": 0,
                    "num_frames_in_sub_video": 10,
                }
                for camera in ("c1", "c2")
            ],
        },
        {
            "sub_video_batch_index": 1,
            "media_urls": [
                {
                    "camera_id": "c1",
                    "sub_video_filename": "b.mp4",
                    "url": f"{base}/c1/sub_videos/b.mp4",
                    "start_global_frame_index": 10,
                    "num_frames_in_sub_video": 10,
                }
            ],
        },
    ]
    assert [p["sub_video_batch_index"] for p in told(messages, "batch_processing_complete")] == [0, 1]
    assert [p["type"] for p in told(messages, "event")] == ["zone_entered"]
    assert told(messages, "identity_revised")[0]["changes"][0]["new_global_id"] == 2
    statuses = told(messages, "status_update")
    assert statuses[0]["status"] == "QUEUED"
    assert statuses[-1]["status"] == "COMPLETED"
    assert statuses[-1]["progress"] == 1.0
    assert statuses[-1]["cameras"]["c2"]["error"] == "the file is cut short"
    assert messages[-1]["type"] == "status_update"
    assert {s["status"] for s in statuses[1:-1]} == {"RUNNING"}


async def test_ledger_times_come_as_latency(processes, say, script):
    say(script.accepted(), script.start())
    say(script.frame(0), headers={"spoton-ledger": b'{"ingest":1700000000000000,"mapper":1700000000250000}'})
    say(script.end(1))
    await known(processes, script.task_id)
    messages = await listen(processes, script.task_id)
    assert told(messages, "tracking_update")[0]["latency"] == {"ingest": 1700000000000000, "mapper": 1700000000250000}


async def test_live_messages_come_at_once_and_the_end_is_the_last(processes, say, script):
    say(script.accepted(), script.start(), script.frame(0))
    await known(processes, script.task_id)
    async with websockets.connect(f"{processes.ws_url}/{script.task_id}") as connection:
        await receive_until(connection, "tracking_update")
        say(script.status(StatusKind.PAUSED))
        await receive_until(connection, "status_update", status="PAUSED")  # that of the start may come late
        say(script.status(StatusKind.RESUMED), script.frame(1))
        # The end waits for the revision that belongs to it.
        say(script.end(2, revision=1))
        await receive_until(connection, "tracking_update")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(receive_until(connection, "never"), 1)
        say(script.revision(1, ("c1", 1, 0, 1, 1, 2)))
        revised = await receive_until(connection, "identity_revised")
        rest = [json.loads(text) async for text in connection]
        assert [m["payload"]["status"] for m in revised + rest if m["type"] == "status_update"][-1] == "COMPLETED"
        assert rest[-1]["payload"]["status"] == "COMPLETED"


async def receive_until(connection, kind: str, **payload: str) -> Messages:
    messages: Messages = []
    while not messages or messages[-1]["type"] != kind or not payload.items() <= messages[-1]["payload"].items():
        messages.append(json.loads(await asyncio.wait_for(connection.recv(), 20)))
    return messages


async def test_a_client_goes_on_where_it_was_wherever_it_was(processes, say, script, event):
    say(*whole_task(script, event))
    await known(processes, script.task_id)
    everything = await listen(processes, script.task_id)
    for place in range(len(everything)):
        rest = await listen(processes, script.task_id, cursor=everything[place]["cursor"])
        expected = everything[place + 1 :] or everything[-1:]
        assert without_seq(rest) == without_seq(expected), place


async def test_a_cursor_outlives_the_gateway(processes, say, script, event):
    say(*whole_task(script, event))
    await known(processes, script.task_id)
    everything = await listen(processes, script.task_id)
    assert processes.stop("spoton_gateway") == 0
    processes.start_gateway()
    for place in range(len(everything) - 1):
        rest = await listen(processes, script.task_id, cursor=everything[place]["cursor"])
        counts = {kind: len(told(rest, kind)) + len(told(everything[: place + 1], kind)) for kind in KINDS}
        assert counts == {kind: len(told(everything, kind)) for kind in KINDS}, place
        assert [m["seq"] for m in rest] == list(range(1, len(rest) + 1))
        assert rest[-1]["payload"]["status"] == "COMPLETED"


KINDS = (
    "tracking_update",
    "media_available",
    "batch_processing_complete",
    "event",
    "identity_revised",
    "status_update",
)


async def test_what_a_restarted_mapper_says_again_is_told_once(processes, say, script):
    say(script.accepted(), script.start(), *[script.frame(t) for t in range(5)])
    say(script.start(), *[script.frame(t) for t in range(2, 8)], script.end(8), script.end(8))
    await known(processes, script.task_id)
    updates = told(await listen(processes, script.task_id), "tracking_update")
    assert [update["global_frame_index"] for update in updates] == list(range(8))


def fat(frame):
    """Make a record so long that 1500 of them fill what the operating system buffers for a connection, many times."""
    tracks = tuple(replace(frame.cameras[0].tracks[0], track_id=number) for number in range(120))
    return replace(frame, cameras=(replace(frame.cameras[0], tracks=tracks),))


@pytest.fixture
async def impatient(processes) -> AsyncIterator[Callable[[], None]]:
    """A gateway that gives clients little time and little memory."""
    processes.stop("spoton_gateway")
    processes.start_gateway(SPOTON_GATEWAY_WS_STALL_S="4", SPOTON_GATEWAY_WS_LOG_MIB="2")
    yield processes
    processes.stop("spoton_gateway")
    processes.start_gateway()


async def test_a_slow_client_is_disconnected_and_loses_nothing(impatient, say, script):
    frames = 1500
    say(script.accepted(), script.start(), *[fat(script.frame(t)) for t in range(frames)], script.end(frames))
    await known(impatient, script.task_id)
    url = f"{impatient.ws_url}/{script.task_id}"
    slow = await websockets.connect(url, max_queue=4, close_timeout=1)
    # Another client of the same task is not held up by it.
    others = await listen(impatient, script.task_id)
    assert len(told(others, "tracking_update")) == frames
    await asyncio.sleep(6)  # longer than a client may take for one message
    messages: Messages = []
    with suppress(websockets.ConnectionClosed):
        while True:
            messages.append(json.loads(await slow.recv()))
    assert slow.close_code in (1013, 1006)  # 1006: it reads again so late that the gateway has given up
    assert 0 < len(messages) < frames
    rest = await listen(impatient, script.task_id, cursor=messages[-1]["cursor"])
    indices = [u["global_frame_index"] for u in told(messages, "tracking_update") + told(rest, "tracking_update")]
    assert indices == list(range(frames))


async def test_a_live_client_that_falls_behind_is_disconnected(impatient, say, script):
    say(script.accepted(), script.start(), script.frame(0))
    await known(impatient, script.task_id)
    slow = await websockets.connect(f"{impatient.ws_url}/{script.task_id}", max_queue=4, close_timeout=1)
    await receive_until(slow, "tracking_update")
    say(*[fat(script.frame(t)) for t in range(1, 1500)])
    await asyncio.sleep(6)  # longer than a client may take for one message
    with suppress(websockets.ConnectionClosed):
        while True:
            await slow.recv()
    assert slow.close_code == 1013


async def test_a_task_whose_cameras_all_fail_at_once_is_told_failed(processes, say, script):
    say(script.accepted(), script.camera_failed("c1", "no such environment"))
    say(script.camera_failed("c2", "no such environment"))
    await known(processes, script.task_id)
    messages = await listen(processes, script.task_id)
    assert messages[-1]["payload"]["status"] == "FAILED"
    assert messages[-1]["payload"]["message"] == "no such environment"


async def test_a_stopped_task_is_told_stopped(processes, say, script):
    say(script.accepted(), script.start(), script.frame(0), script.end(1, outcome=Outcome.STOPPED))
    await known(processes, script.task_id)
    assert (await listen(processes, script.task_id))[-1]["payload"]["status"] == "STOPPED"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("nobody-knows-this-task", 4404),
        ("%00", 4404),
        ("nobody?cursor=1.2.3", 4400),
        ("nobody?cursor=a.b.c.d.e", 4400),
        ("nobody?cursor=-1.0.0.0.0", 4400),
        ("nobody?cursor=99999999999999999999999.0.0.0.0", 4400),
    ],
)
async def test_what_cannot_be_watched_is_closed_with_its_code(processes, path, code):
    async with websockets.connect(f"{processes.ws_url}/{path}") as connection:
        with pytest.raises(websockets.ConnectionClosed):
            await connection.recv()
        assert connection.close_code == code
        assert connection.close_reason


async def test_a_cursor_ahead_of_kafka_is_refused(processes, say, script):
    say(script.accepted())
    await known(processes, script.task_id)
    far = ".".join(["4000000000"] * 4 + ["0"])
    async with websockets.connect(f"{processes.ws_url}/{script.task_id}?cursor={far}") as connection:
        with pytest.raises(websockets.ConnectionClosed):
            await connection.recv()
        assert connection.close_code == 4400
