"""REST on real Kafka and PostgreSQL: hand-made records in, answers out; and every kind of refusal."""

import io
import json
import zipfile
from dataclasses import replace

import httpx
import pytest
from confluent_kafka import Consumer
from spoton_schemas.codec import Codec
from spoton_schemas.records import Environment, FloorMap, Outcome, Scene, SceneCamera, Stage, StatusKind
from spoton_schemas.topics import COMMANDS, SEGMENTS, TASK_STATUS

pytestmark = pytest.mark.integration

VIDEO = bytes(range(256)) * 1000


@pytest.fixture(scope="module")
def api(processes):
    with httpx.Client(base_url=processes.url) as client:
        yield client


@pytest.fixture(scope="module")
def environment(say, videos) -> str:
    (videos / "floor.png").write_bytes(b"not really a picture")
    cameras = (
        SceneCamera("c1", ("file:///v/c1/a.mp4", "file:///v/c1/b.mp4"), 0.5, (1.0,) * 9),
        SceneCamera("c2", ("file:///v/c2/a.mp4",)),
        SceneCamera("blind", ()),
    )
    floor = FloorMap(f"file://{videos}/floor.png", 0.02, (1.0, 2.0))
    say(Environment(Scene("rest-yard", "Rest yard", 10.0, cameras, floor_map=floor)))
    return "rest-yard"


def status(api, task_id):
    return api.get(f"/api/v1/processing-tasks/{task_id}/status")


def stored(processes, api, task_id, frames):
    processes.wait_until(
        lambda: (a := status(api, task_id)).status_code == 200 and a.json()["frames"]["database"] == frames
    )


def is_problem(answer, code, text=""):
    assert answer.status_code == code, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == code
    assert body["title"]
    assert text in body["detail"]
    return True


def everything(stack, topic, task_id):
    """Read all records of a task from a topic."""
    settings = {"bootstrap.servers": stack.kafka_bootstrap, "group.id": task_id, "auto.offset.reset": "earliest"}
    consumer = Consumer({**settings, "enable.partition.eof": True})
    consumer.subscribe([topic.name])
    codec, found, ended = Codec.connect(stack.registry_url), [], 0
    while ended < 4:
        message = consumer.poll(10)
        assert message is not None
        if message.error():
            ended += 1
        elif message.key().decode().startswith(task_id):
            found.append(codec.decode(topic, message.value()))
    consumer.close()
    return found


@pytest.fixture
async def no_666(connection):
    """A database that does not take identity 666."""
    await connection.execute("ALTER TABLE identity_changes ADD CONSTRAINT no_666 CHECK (new_global_id <> 666)")
    yield connection
    await connection.execute("ALTER TABLE identity_changes DROP CONSTRAINT IF EXISTS no_666")


async def test_a_task_completes_without_a_revision_that_no_table_takes_and_says_so(api, processes, say, script, no_666):
    def ended():
        return status(api, script.task_id).json()["status"] == "COMPLETED"

    async def identities():
        query = "SELECT DISTINCT camera_id, global_id FROM track_points WHERE task_id = $1 ORDER BY camera_id"
        return [tuple(row) for row in await no_666.fetch(query, script.task_id)]

    lost = script.revision(1, ("c1", 1, 0, 5, 1, 666))
    say(script.start(), *(script.frame(tick) for tick in range(3)), lost, script.revision(2, ("c2", 11, 0, 5, 1, 7)))
    stored(processes, api, script.task_id, 6)
    say(script.end(3, revision=2))
    processes.wait_until(ended)
    message = status(api, script.task_id).json()["message"]
    assert message.startswith("identity revision 1 could not be stored, what it corrects is left as it was: ")
    assert "no_666" in message
    assert await identities() == [("c1", 1), ("c2", 7)]
    await no_666.execute("ALTER TABLE identity_changes DROP CONSTRAINT no_666")
    say(lost)
    processes.wait_until(lambda: status(api, script.task_id).json()["message"] is None)
    assert await identities() == [("c1", 666), ("c2", 7)]


def test_a_task_ends_though_no_table_takes_what_is_said_of_its_end(api, processes, say, script):
    say(script.start(), script.frame(0), replace(script.end(1, outcome=Outcome.FAILED), error="a\0byte"))
    processes.wait_until(lambda: status(api, script.task_id).status_code == 200)
    processes.wait_until(lambda: status(api, script.task_id).json()["status"] == "FAILED")
    assert status(api, script.task_id).json()["message"].startswith("what was said of its end is lost: ")


def test_what_a_stage_leaves_out_of_a_task_is_said(api, processes, say, script):
    note = script.status(StatusKind.ENDED, stage=Stage.EVENTS, message="events: nothing is known any more")
    say(script.start(), script.frame(0), note, script.end(1))
    processes.wait_until(lambda: status(api, script.task_id).status_code == 200)
    processes.wait_until(lambda: status(api, script.task_id).json()["status"] == "COMPLETED")
    processes.wait_until(lambda: status(api, script.task_id).json()["message"] == note.message)


def test_environments_are_listed(api, processes, environment):
    processes.wait_until(
        lambda: (
            environment in [e["environment_id"] for e in api.get("/api/v1/config/environments").json().get("items", [])]
        )
    )
    found = api.get(f"/api/v1/config/environments/{environment}").json()
    assert found["map"]["url"] == f"/api/v1/config/environments/{environment}/map"
    assert api.get(found["map"]["url"]).content == b"not really a picture"
    cameras = api.get(f"/api/v1/config/environments/{environment}/cameras").json()["items"]
    assert [(c["camera_id"], c["sub_videos"], c["on_floor"]) for c in cameras] == [
        ("c1", 2, True),
        ("c2", 1, False),
        ("blind", 0, False),
    ]


@pytest.mark.parametrize("spelling", ["processing-tasks", "processing_tasks"])
def test_a_start_writes_segments_batch_by_batch(api, stack, environment, spelling):
    body = {"environment_id": environment, "camera_ids": ["c1", "c2"]}
    answer = api.post(f"/api/v1/{spelling}/start", json=body)
    assert answer.status_code == 200, answer.text
    task_id = answer.json()["task_id"]
    assert answer.json()["websocket_url"] == f"/ws/tracking/{task_id}"
    segments = everything(stack, SEGMENTS, task_id)
    assert [(s.camera_id, s.sub_video_batch_index, s.last) for s in sorted(segments, key=lambda s: s.uri)] == [
        ("c1", 0, False),
        ("c1", 1, True),
        ("c2", 0, True),
    ]
    assert {s.camera_ids for s in segments} == {("c1", "c2")}
    assert [s.kind for s in everything(stack, TASK_STATUS, task_id)] == [StatusKind.ACCEPTED]
    view = api.get(answer.json()["status_url"]).json()
    assert view["status"] == "QUEUED"
    assert view["camera_ids"] == ["c1", "c2"]
    assert view["frames_expected"] is None
    control = api.post(f"/api/v1/{spelling}/{task_id}/control", json={"command": "focus", "global_id": 7})
    assert control.status_code == 202
    assert [(c.command.value, c.global_id) for c in everything(stack, COMMANDS, task_id)] == [("FOCUS", 7)]


def test_status_follows_the_records(api, processes, say, script):
    say(script.accepted(), script.media("c1", 0), script.media("c2", 0, last=True), script.start(), script.frame(0))
    stored(processes, api, script.task_id, 2)
    view = status(api, script.task_id).json()
    assert (view["status"], view["frames_expected"], view["identities_found"]) == ("RUNNING", None, 1)
    say(script.status(StatusKind.PAUSED), script.media("c1", 1, last=True))
    processes.wait_until(lambda: status(api, script.task_id).json()["status"] == "PAUSED")
    say(script.status(StatusKind.RESUMED), *[script.frame(t) for t in range(1, 10)])
    say(script.progress(Stage.INGEST, "c1", 20), script.camera_failed("c2", "cut short"))
    stored(processes, api, script.task_id, 20)
    processes.wait_until(lambda: status(api, script.task_id).json()["cameras"]["c2"]["error"])  # from another topic
    view = status(api, script.task_id).json()
    assert view["frames_expected"] == 30
    assert view["progress"] == pytest.approx(20 / 30, abs=0.001)
    assert view["cameras"] == {
        "c1": {"frames_done": 10, "error": None},
        "c2": {"frames_done": 10, "error": "cut short"},
    }
    assert view["frames"]["map-points"] == 20
    # The end waits for the revision that belongs to it.
    say(script.end(10, revision=1))
    say(script.revision(1, ("c1", 1, 0, 4, 1, 2)))
    processes.wait_until(lambda: status(api, script.task_id).json()["status"] == "COMPLETED")
    view = status(api, script.task_id).json()
    assert view["progress"] == 1.0
    assert view["ended_at"]
    assert view["identities_found"] == 2
    is_problem(api.post(f"/api/v1/processing-tasks/{script.task_id}/control", json={"command": "stop"}), 409, "ended")


@pytest.fixture(scope="module")
def finished(api, processes, say, new_script):
    """A task of ten ticks, revised: person 1 was person 2 up to tick 4 for camera c1, and 3 for both from tick 8."""
    script = new_script(environment_id="rest-yard")
    say(script.accepted(), script.start(), *[script.frame(t) for t in range(10)])
    say(script.revision(1, ("c1", 1, 0, 4, 1, 2), ("c1", 1, 8, 9, 1, 3), ("c2", 11, 8, 9, 1, 3)))
    say(script.end(10, revision=1))
    processes.wait_until(
        lambda: (
            status(api, script.task_id).status_code == 200
            and status(api, script.task_id).json()["status"] == "COMPLETED"
        )
    )
    return script


def test_trajectories_follow_revisions_and_are_paged(api, finished):
    path = "/api/v1/analytics_data/trajectory"
    found = api.get(f"{path}/3", params={"task_id": finished.task_id}).json()
    assert [p["global_frame_index"] for p in found["points"]] == [8, 9]
    assert found["points"][0]["camera_ids"] == ["c1", "c2"]
    assert found["points"][0]["x_m"] == pytest.approx(0.8)
    first = api.get(f"{path}/1", params={"task_id": finished.task_id, "limit": 2}).json()
    # Up to tick 4 the position was made of boxes of two people and is nobody's.
    assert [p["global_frame_index"] for p in first["points"]] == [5, 6]
    rest = api.get(f"{path}/1", params={"task_id": finished.task_id, "cursor": first["next_cursor"]}).json()
    assert [p["global_frame_index"] for p in rest["points"]] == [7]
    assert rest["next_cursor"] is None
    assert api.get(f"{path}/3").json()["task_id"] == finished.task_id
    is_problem(api.get(f"{path}/77", params={"task_id": finished.task_id}), 404, "77")


def test_heatmaps_count_positions(api, finished, environment):
    found = api.get("/api/v1/analytics_data/heatmap", params={"task_id": finished.task_id, "cell_m": 0.5}).json()
    assert found["samples"] == 10
    assert found["cells"] == [{"x_m": 0.0, "y_m": 2.0, "samples": 5}, {"x_m": 0.5, "y_m": 2.0, "samples": 5}]
    whole = api.get("/api/v1/analytics-data/heatmap", params={"environment_id": environment}).json()
    assert whole["samples"] >= 10
    is_problem(api.get("/api/v1/analytics_data/heatmap", params={"environment_id": environment, "cell_m": 0.3}), 422)
    is_problem(api.get("/api/v1/analytics_data/heatmap"), 422, "either")


def archive(api, task_id, **parameters):
    answer = api.get(f"/api/v1/processing-tasks/{task_id}/export", params=parameters)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    return zipfile.ZipFile(io.BytesIO(answer.content))


def test_exports(api, finished):
    revised = archive(api, finished.task_id)
    assert sorted(revised.namelist()) == ["c1.txt", "c2.txt"]
    lines = revised.read("c1.txt").decode().splitlines()
    assert lines[0] == "1,2,10.00,20.00,20.00,60.00,0.9000,0.0000,2.0000,-1"
    assert [line.split(",")[1] for line in lines] == ["2"] * 5 + ["1"] * 3 + ["3"] * 2
    live = archive(api, finished.task_id, identities="live").read("c1.txt").decode().splitlines()
    assert {line.split(",")[1] for line in live} == {"1"}
    table = archive(api, finished.task_id, format="csv")
    header, *rows = table.read("tracks.csv").decode().splitlines()
    assert header.startswith("camera_id,global_frame_index,camera_frame_index,time,track_id,global_id")
    assert len(rows) == 20
    full = archive(api, finished.task_id, format="json")
    assert json.loads(full.read("task.json"))["task"]["status"] == "COMPLETED"
    assert len(full.read("tracks.jsonl").decode().splitlines()) == 20
    is_problem(api.get(f"/api/v1/processing-tasks/{finished.task_id}/export?format=xml"), 422)
    is_problem(api.get("/api/v1/processing-tasks/nobody/export"), 404)


def test_exported_boxes_stand_where_their_person_was(api, processes, say, script):
    """At tick 1 there is no fused position; at tick 2 two people are joined later."""

    def at(tick, *places, ids=(1, 1)):
        people = tuple(
            replace(script.person(number, tick, (f"c{number}",)), x_m=x_m, y_m=5.0, std_m=std_m)
            for number, x_m, std_m in places
        )
        return replace(script.frame(tick, ids=ids), people=people)

    joined = at(2, (1, 10.0, 0.1), (2, 13.0, 0.2), ids=(1, 2))
    say(script.accepted(), script.start(), at(0, (1, 7.0, 0.1)), at(1), joined)
    say(script.revision(1, ("c2", 11, 2, 2, 2, 1)), script.end(3, revision=1))
    stored(processes, api, script.task_id, 6)
    processes.wait_until(lambda: status(api, script.task_id).json()["status"] == "COMPLETED")

    def places(camera, identities):
        lines = archive(api, script.task_id, identities=identities).read(f"{camera}.txt").decode().splitlines()
        return [tuple(map(float, line.split(",")[7:9])) for line in lines]

    assert places("c1", "live") == [(7.0, 5.0), (0.1, 2.0), (10.0, 5.0)]
    assert places("c2", "live")[2] == (13.0, 5.0)
    assert places("c1", "revised") == [(7.0, 5.0), (0.1, 2.0), (10.6, 5.0)]  # weights 4 : 1
    assert places("c2", "revised")[2] == (10.6, 5.0)


def test_tasks_are_listed_newest_first_in_pages(api, finished):
    seen, cursor = [], None
    while True:
        page = api.get("/api/v1/processing-tasks", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [item["task_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert finished.task_id in seen
    assert len(seen) == len(set(seen))
    is_problem(api.get("/api/v1/processing-tasks?cursor=nonsense"), 422)


@pytest.fixture(scope="module")
def video_url(api, processes, say, videos, new_script):
    script = new_script(environment_id="rest-yard")
    (videos / "a b.mp4").write_bytes(VIDEO)
    media = script.media("c1", 0, uri=f"file://{videos}/a%20b.mp4")
    outside = script.media("c2", 0, uri="file:///etc/hostname")
    say(script.accepted(), media, outside)
    base = f"/api/v1/media/tasks/{script.task_id}/environments/rest-yard/cameras"
    url = f"{base}/c1/sub_videos/a.mp4"
    processes.wait_until(lambda: api.head(url).status_code == 200)
    return url


@pytest.mark.parametrize(
    ("asked", "code", "content_range", "body"),
    [
        (None, 200, None, VIDEO),
        ("bytes=0-9", 206, "bytes 0-9/256000", VIDEO[:10]),
        ("bytes=255990-", 206, "bytes 255990-255999/256000", VIDEO[-10:]),
        ("bytes=-5", 206, "bytes 255995-255999/256000", VIDEO[-5:]),
        ("bytes=-9999999", 206, "bytes 0-255999/256000", VIDEO),
        ("bytes=100-99999999", 206, "bytes 100-255999/256000", VIDEO[100:]),
        ("bytes=0-1,5-6", 200, None, VIDEO),
        ("lines=0-1", 200, None, VIDEO),
        ("bytes=9-3", 200, None, VIDEO),
    ],
)
def test_videos_come_in_ranges(api, video_url, asked, code, content_range, body):
    answer = api.get(video_url, headers={"Range": asked} if asked else {})
    assert answer.status_code == code
    assert answer.headers.get("content-range") == content_range
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.content == body
    head = api.head(video_url, headers={"Range": asked} if asked else {})
    assert (head.status_code, head.content, head.headers["content-length"]) == (code, b"", str(len(body)))


@pytest.mark.parametrize("asked", ["bytes=256000-", "bytes=256000-256001", "bytes=-0", f"bytes={'9' * 30}-"])
def test_a_range_beyond_the_end_is_refused(api, video_url, asked):
    answer = api.get(video_url, headers={"Range": asked})
    is_problem(answer, 416, "256000")
    assert answer.headers["content-range"] == "bytes */256000"


def test_ranges_of_another_version_are_not_mixed(api, video_url):
    etag = api.head(video_url).headers["etag"]
    ranged = {"Range": "bytes=0-1"}
    assert api.get(video_url, headers={**ranged, "If-Range": etag}).status_code == 206
    assert api.get(video_url, headers={**ranged, "If-Range": '"other"'}).status_code == 200
    assert api.get(video_url, headers={"If-None-Match": etag}).status_code == 304


def test_only_videos_of_the_task_are_served(api, video_url):
    is_problem(api.get(video_url.replace("a.mp4", "b.mp4")), 404, "b.mp4")
    is_problem(api.get(video_url.replace("rest-yard", "elsewhere")), 404)
    is_problem(api.get(video_url.replace("a.mp4", "..%2F..%2Fetc%2Fpasswd")), 404)
    is_problem(api.get(video_url.replace("/c1/", "/c2/")), 404, "outside")


@pytest.mark.parametrize(
    ("method", "path", "body", "code", "text"),
    [
        ("POST", "processing-tasks/start", {"environment_id": "nowhere"}, 404, "nowhere"),
        ("POST", "processing-tasks/start", {"environment_id": "rest-yard"}, 422, "blind"),
        ("POST", "processing-tasks/start", {"environment_id": "rest-yard", "camera_ids": ["x"]}, 422, "no camera x"),
        ("POST", "processing-tasks/start", {"environment_id": "rest-yard", "camera_ids": []}, 422, "camera_ids"),
        ("POST", "processing-tasks/start", {"environment": "rest-yard"}, 422, "environment_id"),
        ("POST", "processing-tasks/start", {}, 422, "environment_id"),
        ("GET", "processing-tasks/nobody/status", None, 404, "nobody"),
        ("GET", "processing-tasks/%00/status", None, 422, ""),
        ("POST", "processing-tasks/nobody/control", {"command": "stop"}, 404, "nobody"),
        ("POST", "processing-tasks/nobody/control", {"command": "explode"}, 422, "command"),
        ("POST", "processing-tasks/nobody/control", {"command": "focus"}, 422, "global_id"),
        ("GET", "config/environments/nowhere/cameras", None, 404, "nowhere"),
        ("GET", "config/environments/nowhere/map", None, 404, "nowhere"),
        ("GET", "analytics_data/trajectory/one", None, 422, "global_id"),
        ("GET", "analytics_data/trajectory/99999999999", None, 422, "global_id"),
        ("GET", "nothing/here", None, 404, ""),
        ("DELETE", "processing-tasks/nobody/status", None, 405, ""),
    ],
)
@pytest.mark.usefixtures("environment")
def test_refusals_are_problems(api, method, path, body, code, text):
    is_problem(api.request(method, f"/api/v1/{path}", json=body), code, text)


def test_health_says_what_is_ready(api):
    report = api.get("/health").json()
    assert report["status"] == "degraded"
    assert {n for n, c in report["components"].items() if c["status"] == "healthy"} >= {"database", "kafka", "redis"}
    assert report["components"]["models"]["status"] == "degraded"
    assert "loopback" in report["components"]["access"]["detail"]


@pytest.mark.parametrize("path", ["/", "/static/app.js", "/api/docs", "/api/redoc", "/api/openapi.json", "/metrics"])
def test_pages_are_served(api, path):
    assert api.get(path).status_code == 200


def test_a_stopped_task_keeps_its_outcome(api, processes, say, script):
    say(script.accepted(), script.start(), script.frame(0), script.end(1, outcome=Outcome.STOPPED))
    stored(processes, api, script.task_id, 2)
    processes.wait_until(lambda: status(api, script.task_id).json()["status"] == "STOPPED")
