"""Corrected identities on real servers: everyone ends in the same state, and everyone is told what was known when."""

import asyncio
import io
import json
import shutil
import subprocess
import zipfile
from dataclasses import replace
from importlib.resources import files
from typing import Any

import httpx
import msgspec
import pytest
import websockets
from spoton_schemas.records import (
    CameraMapPoints,
    IdentityRevision,
    Kind,
    MappedTrack,
    MapPoints,
    PersonPosition,
)

pytestmark = pytest.mark.integration

Messages = list[dict[str, Any]]

TICKS = 12
ABOUT = "/api/v1/processing-tasks"
PATHS = "/api/v1/analytics_data/trajectory"


@pytest.fixture(scope="module")
def api(processes):
    with httpx.Client(base_url=processes.url, timeout=20) as client:
        yield client


@pytest.fixture(scope="module")
def tale(new_script):
    """A task whose identities are merged, split, taken away and given back; some before their boxes are told."""
    script = new_script(environment_id="history-yard")
    frames = [script.frame(t, revision=0 if t < 8 else 2, ids=(1, 2) if t < 8 else (3, 4)) for t in range(TICKS)]
    frames[5] = script.foretold(5, 1)
    changes = [
        [("c2", 11, 0, 9, 2, 1)],  # a merge; of ticks 5 to 7 before they are told, of 8 and 9 already known
        [("c1", 1, 3, 7, 1, 3), ("c2", 11, 3, 7, 1, 3)],  # a relabel
        [("c1", 1, 4, 6, 3, 9)],  # a split: their positions are nobody's now
        [("c2", 11, 10, 11, 4, None), ("c2", 11, 11, 11, None, 5)],  # taken away, and one given at once
        [("c2", 11, 4, 6, 3, 9), ("c1", 1, 8, 9, 3, 1)],  # together again, under another name
    ]
    revisions = [
        replace(script.revision(number, *listed), global_frame_index=3 * number)
        for number, listed in enumerate(changes, 1)
    ]
    return script, frames, revisions


async def follow(url: str, cursor: str | None = None, stop_after: int | None = None) -> Messages:
    """Receive until the task is over, or so many messages."""
    messages: Messages = []
    async with websockets.connect(url + (f"?cursor={cursor}" if cursor else ""), max_size=None) as connection:
        async for text in connection:
            messages.append(json.loads(text))
            if len(messages) == stop_after:
                return messages
    assert connection.close_code == 1000
    return messages


async def follow_in_pieces(url: str) -> Messages:
    """Leave after every few messages and come back with the last cursor."""
    messages = await follow(url, stop_after=5)
    while messages[-1]["payload"].get("status") not in ("COMPLETED", "STOPPED", "FAILED"):
        messages += await follow(url, messages[-1]["cursor"], stop_after=4)
    return messages


@pytest.fixture(scope="module")
def told(api, processes, say, tale):
    """The task, said on Kafka while one client listens and one comes and goes; a third comes when it is over."""
    script, frames, revisions = tale
    url = f"{processes.ws_url}/{script.task_id}"

    async def tell() -> dict[str, Messages]:
        say(script.accepted(), script.start(), frames[0])
        await asyncio.to_thread(
            processes.wait_until, lambda: api.get(f"{ABOUT}/{script.task_id}/status").status_code == 200
        )
        listening = {name: asyncio.create_task(how(url)) for name, how in CLIENTS.items()}
        steps = [
            frames[1:5], revisions[:1], frames[5:7], revisions[:2], frames[7:9], [*revisions[1:3], *frames[6:9]],
            frames[9:], revisions[3:4], [script.end(TICKS, revision=5)], revisions[2:], [script.end(TICKS, revision=5)],
        ]  # fmt: skip
        for step in steps:
            await asyncio.to_thread(say, *step)
        clients = {name: await asyncio.wait_for(task, 60) for name, task in listening.items()}
        return {**clients, "late": await follow(url)}

    clients = asyncio.run(tell())
    processes.wait_until(lambda: api.get(f"{ABOUT}/{script.task_id}/status").json()["status"] == "COMPLETED")
    return clients


CLIENTS = {"live": follow, "comes and goes": follow_in_pieces}


def records_of(script, messages: Messages) -> tuple[list[MapPoints], list[IdentityRevision]]:
    """Read what a client was told as the records it was made of, in the order in which it was told."""
    frames, revisions = [], []
    for message in messages:
        payload = message["payload"]
        if message["type"] == "tracking_update":
            frame = replace(script.frame(payload["global_frame_index"]), identity_revision=payload["identity_revision"])
            cameras = tuple(
                CameraMapPoints(
                    camera_id=camera_id,
                    camera_frame_index=camera["camera_frame_index"],
                    event_time_us=camera["event_time_us"],
                    tracks=tuple(
                        MappedTrack(**{name: t[name] for name in TRACK_FIELDS}, class_id=0) for t in camera["tracks"]
                    ),
                )
                for camera_id, camera in payload["cameras"].items()
            )
            people = tuple(msgspec.convert(person, PersonPosition) for person in payload["people"])
            frames.append(replace(frame, kind=Kind.FRAME, cameras=cameras, people=people))
        elif message["type"] == "identity_revised":
            revisions.append(msgspec.convert(payload, IdentityRevision))
    return frames, revisions


TRACK_FIELDS = ("track_id", "bbox_xyxy", "confidence", "class_name", "global_id")


def exported(api, task_id, **parameters):
    """Return boxes and positions of a JSON export; the latter without those that are nobody's."""
    answer = api.get(f"{ABOUT}/{task_id}/export", params={"format": "json", **parameters})
    assert answer.status_code == 200, answer.text
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    tracks, positions = ([json.loads(line) for line in archive.read(f"{n}.jsonl").splitlines()] for n in FILES)
    boxes = {(t["camera_id"], t["track_id"], t["global_frame_index"]): t["global_id"] for t in tracks}
    return boxes, sorted((p["global_frame_index"], p["global_id"]) for p in positions)


FILES = ("tracks", "positions")


def of_somebody(known) -> tuple[dict[tuple[str, int, int], int | None], list[tuple[int, int]]]:
    people = sorted((tick, identity) for (tick, _), identity in known.positions.items() if identity is not None)
    return known.boxes, people


@pytest.mark.parametrize("client", [*CLIENTS, "late"])
def test_every_client_is_told_the_same_end(known, tale, told, client):
    script, frames, revisions = tale
    frames_told, revisions_told = records_of(script, told[client])
    assert [frame.global_frame_index for frame in frames_told] == list(range(TICKS))
    assert revisions_told == revisions
    assert known.after(frames_told, revisions_told, 5) == known.after(frames, revisions, 5)


@pytest.mark.usefixtures("told")
async def test_the_database_ends_there_too(connection, known, tale):
    script, frames, revisions = tale
    boxes = await connection.fetch(
        "SELECT camera_id, track_id, global_frame_index, global_id FROM track_points WHERE task_id = $1",
        script.task_id,
    )
    positions = await connection.fetch(
        "SELECT global_frame_index, live_global_id, global_id FROM person_positions WHERE task_id = $1", script.task_id
    )
    expected = known.after(frames, revisions, 5)
    assert {tuple(row)[:3]: row["global_id"] for row in boxes} == expected.boxes
    assert {tuple(row)[:2]: row["global_id"] for row in positions} == expected.positions
    assert None in expected.positions.values() or 9 in expected.positions.values()


@pytest.mark.skipif(shutil.which("node") is None, reason="the page's story needs Node.js to run here")
@pytest.mark.parametrize("client", [*CLIENTS, "late"])
def test_the_page_ends_there_too(known, tale, told, client):
    _, frames, revisions = tale
    program = f"""
        import {{ Story }} from {json.dumps(str(files("spoton_gateway") / "web" / "story.js"))};
        const story = new Story();
        for (const {{ type, payload }} of JSON.parse(await new Promise((done) => {{
            let text = ""; process.stdin.on("data", (part) => text += part).on("end", () => done(text)); }}))) {{
            if (type === "tracking_update") story.update(payload);
            if (type === "identity_revised") story.revise(payload);
        }}
        const boxes = [], people = [];
        for (const update of story.updates) {{
            for (const [camera, {{ tracks }}] of Object.entries(update.cameras))
                for (const t of tracks) boxes.push([camera, t.track_id, update.global_frame_index, t.global_id]);
            for (const person of update.people) people.push([update.global_frame_index, person.global_id]);
        }}
        console.log(JSON.stringify([boxes, people, story.identities()]));
    """
    command = ["node", "--input-type=module", "--eval", program]
    answer = subprocess.run(command, input=json.dumps(told[client]), capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    boxes, people, identities = json.loads(answer.stdout)
    expected = known.after(frames, revisions, 5)
    found = ({(c, t, tick): identity for c, t, tick, identity in boxes}, sorted(map(tuple, people)))
    assert found == of_somebody(expected)
    assert identities == sorted({identity for identity in expected.boxes.values() if identity is not None})


@pytest.mark.usefixtures("told")
def test_exports_say_what_was_known_after_each_revision(api, known, tale):
    script, frames, revisions = tale
    for revision in range(6):
        expected = of_somebody(known.after(frames, revisions, revision))
        assert exported(api, script.task_id, as_of_revision=revision) == expected, revision
    assert exported(api, script.task_id) == exported(api, script.task_id, as_of_revision=5)
    assert exported(api, script.task_id, identities="live") == exported(api, script.task_id, as_of_revision=0)


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("form", ["mot", "csv"])
def test_other_formats_say_it_too(api, tale, form):
    def files_of(**parameters):
        answer = api.get(f"{ABOUT}/{tale[0].task_id}/export", params={"format": form, **parameters})
        archive = zipfile.ZipFile(io.BytesIO(answer.content))
        return {name: archive.read(name) for name in archive.namelist()}, answer.headers["content-disposition"]

    live, then, now = files_of(identities="live"), files_of(as_of_revision=2), files_of()
    assert files_of(as_of_revision=0)[0] == live[0]
    assert files_of(as_of_revision=5)[0] == now[0]
    assert live[0] != then[0] != now[0]
    assert "as-of-2" in then[1]


@pytest.mark.usefixtures("told")
def test_trajectories_say_what_was_known_after_each_revision(api, known, tale):
    script, frames, revisions = tale
    for revision in range(6):
        expected = known.after(frames, revisions, revision)
        for person in range(1, 10):
            ticks = sorted({tick for (tick, _), identity in expected.positions.items() if identity == person})
            answer = api.get(f"{PATHS}/{person}", params={"task_id": script.task_id, "as_of_revision": revision})
            if person not in {*expected.positions.values(), *expected.boxes.values()}:
                assert answer.status_code == 404
                continue
            found = answer.json()
            assert found["as_of_revision"] == revision
            assert [point["global_frame_index"] for point in found["points"]] == ticks, (person, revision)
            for point in found["points"]:
                seen_by = {
                    c for (c, _, t), i in expected.boxes.items() if (t, i) == (point["global_frame_index"], person)
                }
                assert set(point["camera_ids"]) == seen_by
    assert api.get(f"{PATHS}/9", params={"task_id": script.task_id}).json()["as_of_revision"] == 5


def kept(api, task_id, **parameters):
    return api.get(f"{PATHS}/1", params={"task_id": task_id, **parameters}).json()["as_of_revision"]


@pytest.mark.usefixtures("told")
async def test_a_tick_or_a_time_stands_for_the_newest_revision_then(api, connection, tale):
    task_id = tale[0].task_id
    assert [kept(api, task_id, as_of_tick=tick) for tick in (0, 2, 3, 11, 14, 10**6)] == [0, 0, 1, 3, 4, 5]
    rows = await connection.fetch(
        "SELECT max(revision) AS revision, recorded_at FROM identity_revisions WHERE task_id = $1 GROUP BY 2", task_id
    )
    for row in rows:
        assert kept(api, task_id, as_of=row["recorded_at"].isoformat()) == row["revision"]
    assert kept(api, task_id, as_of="2001-01-01T00:00:00Z") == 0
    assert kept(api, task_id, as_of=max(row["recorded_at"] for row in rows).isoformat()) == 5


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"as_of_revision": 6}, "the newest is 5"),
        ({"as_of_revision": -1}, "as_of_revision"),
        ({"as_of_revision": "latest"}, "as_of_revision"),
        ({"as_of_revision": 10**30}, "as_of_revision"),
        ({"as_of_tick": -1}, "as_of_tick"),
        ({"as_of": "2999-01-01T00:00:00Z"}, "future"),
        ({"as_of": "yesterday"}, "2026-11-21T15:04:05Z"),
        ({"as_of": "1700000000"}, "2026-11-21T15:04:05Z"),
        ({"as_of": "2026-01-01T00:00:00"}, "as_of"),
        ({"as_of": "2026-01-01T00:00:00 01:00"}, "as_of"),
        ({"as_of_revision": 1, "as_of_tick": 3}, "one of"),
        ({"as_of_revision": 1, "as_of": "2026-01-01T00:00:00Z"}, "one of"),
    ],
)
def test_what_nobody_can_know_is_refused(api, tale, parameters, text):
    for path in (f"{PATHS}/1?task_id={tale[0].task_id}", f"{ABOUT}/{tale[0].task_id}/export?format=csv"):
        answer = api.get(httpx.URL(path).copy_merge_params(parameters))
        assert answer.status_code == 422, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert text in answer.json()["detail"]


@pytest.mark.usefixtures("told")
def test_more_refusals(api, processes, say, tale, script):
    task_id = tale[0].task_id
    contrary = api.get(f"{ABOUT}/{task_id}/export", params={"identities": "live", "as_of_revision": 1})
    assert (contrary.status_code, contrary.headers["content-type"]) == (422, "application/problem+json")
    unnamed = api.get(f"{PATHS}/1", params={"as_of_revision": 1})
    assert (unnamed.status_code, unnamed.headers["content-type"]) == (422, "application/problem+json")
    assert api.get(f"{ABOUT}/nobody/export", params={"as_of_revision": 0}).status_code == 404
    # A tick that a running task has not come to is the future; of an ended one it is the end.
    say(script.accepted(), script.start(), script.frame(0), script.frame(1))
    about = f"{ABOUT}/{script.task_id}/status"
    processes.wait_until(lambda: api.get(about).json().get("frames", {}).get("database") == 4)
    assert kept(api, script.task_id, as_of_tick=1) == 0
    early = api.get(f"{PATHS}/1", params={"task_id": script.task_id, "as_of_tick": 2})
    assert (early.status_code, "has not come yet" in early.json()["detail"]) == (422, True)


def test_who_looks_alike_is_told(api, processes, say, new_script):
    one, other = new_script(environment_id="looks-yard"), new_script(environment_id="looks-yard")
    for script in (one, other):
        say(script.accepted(), script.start(), script.frame(0, ids=(1, 2)), script.appearance(1, 0, (0.6, 0.8)))
    say(other.appearance(2, 0, (1.0, 0.0)), other.end(1))
    path = f"/api/v1/identities/{one.task_id}/1/similar"
    parameters = {"environment_id": "looks-yard"}
    processes.wait_until(lambda: len(api.get(path, params=parameters).json().get("items", [])) == 2)
    found = api.get(path, params=parameters).json()
    assert [(i["task_id"], i["global_id"]) for i in found["items"]] == [(other.task_id, 1), (other.task_id, 2)]
    assert [i["cosine"] for i in found["items"]] == [pytest.approx(1.0), pytest.approx(0.6)]
    assert found["model"] == "colours"
    assert found["items"][0]["last_seen"] == "2023-11-14T22:13:20Z"
    assert api.get(path, params={**parameters, "since": "2024-01-01T00:00:00Z"}).json()["items"] == []
    assert len(api.get(path, params={**parameters, "limit": 1}).json()["items"]) == 1
    for wrong in ({"limit": 0}, {"limit": 10**6}, {"since": "yesterday"}, {"since": "2024-01-01T00:00:00"}):
        assert api.get(path, params=wrong).status_code == 422, wrong
    for nobody in (f"{one.task_id}/2", f"{one.task_id}/77", "nobody/1"):
        answer = api.get(f"/api/v1/identities/{nobody}/similar")
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
