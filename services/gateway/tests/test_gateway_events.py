"""A task's events over REST and WebSocket on the real servers, and after identity revisions."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from spoton_schemas.records import Event, EventPerson
from websockets.sync.client import connect

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def api(processes: Any) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=processes.url) as client:
        yield client


@pytest.fixture
def seen(event: Callable[..., Event]) -> Callable[..., Event]:
    """An event about person 1, whom camera c1 sees as track 1."""

    def make(script: Any, event_id: str, tick: int, **fields: Any) -> Event:
        witnessed = replace(event(script, event_id, tick), camera_id="c1", track_id=1, seen_frame_index=tick)
        return replace(witnessed, **fields)

    return make


def items(api: httpx.Client, script: Any, query: str = "") -> list[dict[str, Any]]:
    answer = api.get(f"/api/v1/processing-tasks/{script.task_id}/events{query}")
    found: list[dict[str, Any]] = answer.json().get("items", [])
    return found


def ids(api: httpx.Client, script: Any, query: str = "") -> list[str]:
    return [item["event_id"] for item in items(api, script, query)]


def test_events_are_listed_filtered_and_paged(api, processes, say, script, seen):
    say(
        script.start(),
        seen(script, "a", 5),
        seen(
            script,
            "b",
            20,
            type="met",
            others=(EventPerson(global_id=4, camera_id="c2", track_id=9, seen_frame_index=20),),
        ),
        seen(script, "c", 20, type="walking", end_frame_index=50, end_time_us=5_000_000, global_id=2, place=None),
    )
    processes.wait_until(lambda: ids(api, script) == ["a", "b", "c"])
    first = items(api, script)[0]
    assert (first["start_s"], first["end_s"], first["position"]) == (0.5, None, [1.0, 2.0])
    assert first["text"] == "Person 1 entered door"
    assert ids(api, script, "?type=met&type=walking") == ["b", "c"]
    assert ids(api, script, "?global_id=2") == ["c"]
    assert ids(api, script, "?global_id=4") == ["b"]
    assert ids(api, script, "?place=door") == ["a", "b"]
    assert ids(api, script, "?from_s=3") == ["c"]
    assert ids(api, script, "?to_s=2") == ["a"]
    page = api.get(f"/api/v1/processing-tasks/{script.task_id}/events?limit=2")
    assert page.links["next"]["url"].startswith("?limit=2&cursor=")
    assert ids(api, script, page.links["next"]["url"]) == ["c"]
    for path in ("processing_tasks/{}/events", "results/{}/events"):
        assert len(api.get(f"/api/v1/{path.format(script.task_id)}").json()["items"]) == 3


@pytest.mark.parametrize(
    ("query", "accept", "media_type", "start"),
    [
        ("?format=text", "*/*", "text/plain; charset=utf-8", "00:00 — Person 1 entered door"),
        ("", "text/plain", "text/plain; charset=utf-8", "00:00 — Person 1 entered door"),
        ("", "text/vtt", "text/vtt; charset=utf-8", "WEBVTT\n\na\n00:00:00.500 --> 00:00:02.500"),
        ("?format=csv", "text/vtt", "text/csv; charset=utf-8", "event_id,type,"),
        ("", "application/json", "application/json", "{"),
    ],
)
def test_formats(api, processes, say, script, seen, query, accept, media_type, start):
    say(script.start(), seen(script, "a", 5))
    processes.wait_until(lambda: ids(api, script) == ["a"])
    url = f"/api/v1/processing-tasks/{script.task_id}/events{query}"
    answer = api.get(url, headers={"Accept": accept})
    assert answer.headers["content-type"] == media_type
    assert answer.text.startswith(start)


@pytest.mark.parametrize("path", ["processing-tasks/{}/events", "processing_tasks/{}/events", "results/{}/events"])
def test_strangers_are_refused(api, path, script):
    url = f"/api/v1/{path.format(script.task_id)}"
    assert api.get(url, headers={"Host": "evil.example"}).status_code == 400
    assert api.get(url, headers={"Origin": "http://evil.example"}).status_code == 403
    assert api.get(url).status_code == 404


@pytest.mark.parametrize(
    "query", ["?limit=0", "?limit=20001", "?cursor=x", "?from_s=nan", "?format=pdf", "?global_id=0", "?cursor=1~%00"]
)
def test_what_is_not_valid_is_refused(api, processes, say, script, query):
    say(script.start())
    url = f"/api/v1/processing-tasks/{script.task_id}/events"
    processes.wait_until(lambda: api.get(url).status_code == 200)
    assert api.get(url + query).status_code == 422


def persons(api, script):
    return {e["event_id"]: (e["global_id"], [o["global_id"] for o in e["others"]]) for e in items(api, script)}


@pytest.mark.parametrize("order", ["events first", "revisions first", "everything twice"])
def test_events_follow_the_tracklets_that_they_are_about(api, processes, say, script, seen, order):
    other = EventPerson(global_id=2, camera_id="c2", track_id=11, seen_frame_index=6)
    events = [
        seen(script, "before", 3),
        seen(script, "met", 6, others=(other,)),
        seen(script, "known", 7, identity_revision=2),
        seen(script, "nobody", 8, camera_id="c2", track_id=12),
    ]
    revisions = [
        script.revision(1, ("c1", 1, 5, 9, 1, 8)),
        script.revision(2, ("c1", 1, 5, 9, 8, 9), ("c2", 11, 0, 9, 2, 3), ("c2", 12, 0, 9, 1, None)),
    ]
    records = {
        "events first": [*events, *revisions],
        "revisions first": [*revisions, *events],
        "everything twice": [*events, *revisions, *events, *revisions[:1]],
    }[order]
    for record in (script.start(), *records):
        say(record)
    say(seen(script, "last", 99))
    processes.wait_until(lambda: "last" in persons(api, script))
    wanted = {"before": (1, []), "met": (9, [3]), "known": (1, []), "nobody": (None, []), "last": (1, [])}
    processes.wait_until(lambda: persons(api, script) == wanted)


def test_followers_are_told_of_corrected_events(api, processes, say, script, seen):
    say(script.accepted(), script.start(), seen(script, "a", 6))
    processes.wait_until(lambda: ids(api, script) == ["a"])
    with connect(f"{processes.ws_url}/{script.task_id}") as socket:

        def next_event() -> tuple[int | None, int]:
            while True:
                message = json.loads(socket.recv(timeout=20))
                if message["type"] == "event":
                    return message["payload"]["global_id"], message["payload"]["identity_revision"]

        assert next_event() == (1, 0)
        say(script.revision(1, ("c1", 1, 5, 9, 1, 8)))
        assert next_event() == (8, 1)


def test_a_task_is_over_once_all_its_events_are_stored(api, processes, say, script, seen):
    def status() -> str:
        answer = api.get(f"/api/v1/processing-tasks/{script.task_id}/status")
        return str(answer.json().get("status"))

    say(script.accepted(), script.start(), script.frame(0), script.end(1), answered=False)
    processes.wait_until(lambda: status() == "RUNNING")
    say(seen(script, "late", 0))
    processes.wait_until(lambda: ids(api, script) == ["late"])
    assert status() == "RUNNING"
    say(script.end_of_events(1))
    processes.wait_until(lambda: status() == "COMPLETED")
    assert ids(api, script) == ["late"]


@pytest.mark.parametrize("order", ["event first", "revision first"])
def test_who_took_a_thing_follows_revisions(api, processes, say, script, seen, order):
    doer = EventPerson(global_id=1, camera_id="c1", track_id=1, seen_frame_index=5)
    # The event's own tracklet is the thing's: changes of a person with that number do not concern it.
    taken = seen(script, "taken", 6, type="object_picked_up", track_id=40, seen_frame_index=None, others=(doer,))
    stray = seen(script, "stray", 6, type="object_picked_up", track_id=40, seen_frame_index=None, global_id=None)
    revision = script.revision(1, ("c1", 1, 5, 9, 1, 8), ("c1", 40, 0, 9, 1, 3))
    say(script.start(), *([taken, stray, revision] if order == "event first" else [revision, taken, stray]))
    processes.wait_until(lambda: persons(api, script) == {"taken": (8, [8]), "stray": (None, [])})
    say(script.revision(2, ("c1", 1, 5, 9, 8, None)))
    processes.wait_until(lambda: persons(api, script) == {"taken": (None, [None]), "stray": (None, [])})


def test_two_who_turn_out_to_be_one_have_not_met(api, processes, say, script, seen):
    other = EventPerson(global_id=2, camera_id="c2", track_id=11, seen_frame_index=6)
    say(script.start(), seen(script, "met", 6, type="met", others=(other,)), seen(script, "entered", 7))
    processes.wait_until(lambda: ids(api, script) == ["met", "entered"])
    say(script.revision(1, ("c2", 11, 0, 9, 2, 1)))
    processes.wait_until(lambda: ids(api, script) == ["entered"])
    say(script.revision(2, ("c2", 11, 0, 9, 1, 5)))
    processes.wait_until(lambda: persons(api, script) == {"met": (1, [5]), "entered": (1, [])})
