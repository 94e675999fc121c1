"""Annotated videos over HTTP on real servers: asked for, made by processes that are killed, served, played, removed."""

import asyncio
import json
import os
import resource
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import asyncpg
import av
import httpx
import numpy as np
import pytest
from spoton_common.settings import FileAccess, S3Settings
from spoton_common.storage import Storage
from spoton_gateway.jobs.records import CAMERA, environment_of
from spoton_gateway.videos import rows, tidying
from spoton_gateway.videos.colours import of_identity
from spoton_schemas.records import Outcome

CHROMIUM = shutil.which("chromium")

pytestmark = pytest.mark.integration

WORKER = "spoton_gateway.videos"
FPS = 15
SECONDS = 20  # three pieces
WIDTH, HEIGHT = 320, 240


def write_grey(path: Path, seconds: int) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        picture = av.VideoFrame.from_ndarray(np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8), format="yuv420p")
        for index in range(seconds * FPS):
            picture.pts, picture.time_base = index, Fraction(1, FPS)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def grey_clip(videos: Path) -> Path:
    """A grey video of twenty seconds."""
    return write_grey(videos / "grey.mp4", SECONDS)


@pytest.fixture(scope="module")
def short_clip(videos: Path) -> Path:
    """A grey video of one second."""
    return write_grey(videos / "short.mp4", 1)


@dataclass(frozen=True)
class Api:
    """The routes, and the line behind them."""

    client: httpx.Client
    processes: Any
    say: Callable[..., None]
    clip: Path

    def play(self, script: Any, *, ticks: int = SECONDS * 10) -> str:
        """Say of a task what the line would say: two cameras that show the clip, person 1 in both."""
        media = [script.media(c, 0, frames=ticks, last=True, uri=self.clip.as_uri()) for c in ("c1", "c2")]
        frames = [self.sized(script.frame(tick)) for tick in range(ticks)]
        self.say(script.start(), *media, *frames, script.end(ticks))
        self.processes.wait_until(lambda: self.status(script.task_id) is not None)
        return str(script.task_id)

    def framed(self, script: Any) -> Callable[[int], Any]:
        return lambda tick: self.sized(script.frame(tick))

    @staticmethod
    def sized(frame: Any) -> Any:
        cameras = tuple(replace(camera, image_width=WIDTH, image_height=HEIGHT) for camera in frame.cameras)
        tracks = tuple(replace(t, bbox_xyxy=(40.0, 40.0, 80.0, 160.0)) for c in cameras for t in c.tracks[:1])
        return replace(frame, cameras=tuple(replace(c, tracks=(t,)) for c, t in zip(cameras, tracks, strict=True)))

    def status(self, task_id: str) -> str | None:
        answer = self.client.get(f"/api/v1/processing-tasks/{task_id}/status").json()
        return answer["status"] if answer.get("ended_at") else None

    def get(self, task_id: str, **query: Any) -> httpx.Response:
        return self.client.get(f"/api/v1/results/{task_id}/video", params=query)

    def finished(self, task_id: str, **query: Any) -> httpx.Response:
        """Ask until it is there."""
        self.processes.wait_until(lambda: self.get(task_id, **query).status_code != 202)
        answer = self.get(task_id, **query)
        assert answer.status_code == 200, answer.text
        return answer


@pytest.fixture
def api(processes: Any, say: Callable[..., None], grey_clip: Path) -> Iterator[Api]:
    with httpx.Client(base_url=processes.url, timeout=30) as client:
        yield Api(client, processes, say, grey_clip)


@pytest.fixture
def short(api: Api, short_clip: Path) -> Api:
    """The same, with cameras that show one second."""
    return replace(api, clip=short_clip)


@pytest.fixture(autouse=True)
def worker(processes: Any) -> Any:
    """A running worker, started anew if a test has ended it."""
    if WORKER not in processes.running:
        start_worker(processes)
    return processes


def start_worker(processes: Any, offset: int = 2) -> None:
    settings = {"SPOTON_VIDEOS_LEASE_S": "1.5", "SPOTON_LOG_LEVEL": "ERROR"}
    processes.start(WORKER, processes.port + offset, **settings)
    processes.wait_until_ready(processes.port + offset)


def pictures(content: bytes, path: Path) -> list[Any]:
    path.write_bytes(content)
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def problem(answer: httpx.Response, status: int, text: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert text in answer.json()["detail"]


@pytest.fixture(scope="module")
def made(processes: Any, say: Callable[..., None], grey_clip: Path, new_script: Any) -> str:
    """A task whose first camera's video is there."""
    if WORKER not in processes.running:
        start_worker(processes)
    with httpx.Client(base_url=processes.url, timeout=30) as client:
        api = Api(client, processes, say, grey_clip)
        task_id = api.play(new_script())
        answer = api.get(task_id, camera_id="c1")
        assert answer.status_code == 202, answer.text
        state = answer.json()
        assert (state["status"] in ("waiting", "making"), state["camera_id"]) == (True, "c1")
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["location"] == f"/api/v1/results/{task_id}/video?camera_id=c1" == state["url"]
        api.finished(task_id, camera_id="c1")
    return task_id


def test_the_first_request_starts_it_and_it_is_there_in_the_end(api: Api, made: str, tmp_path: Path) -> None:
    answer = api.get(made, camera_id="c1")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "video/mp4")
    assert answer.content.index(b"moov") < answer.content.index(b"mdat")  # faststart
    (tmp_path / "v.mp4").write_bytes(answer.content)
    with av.open(str(tmp_path / "v.mp4")) as container:
        stream = container.streams.video[0]
        packets = [p for p in container.demux(stream) if p.size]
        assert (stream.codec_context.name, stream.pix_fmt, stream.average_rate) == ("h264", "yuv420p", FPS)
    assert len(packets) == SECONDS * FPS  # as smooth as the original
    assert [p.pts for p in packets] == sorted(p.dts for p in packets)
    keyframes = [float(p.pts * p.time_base) for p in packets if p.is_keyframe]
    assert keyframes[0] == 0
    assert max(b - a for a, b in zip(keyframes, [*keyframes[1:], SECONDS], strict=True)) <= 2.0


def test_the_box_is_drawn_in_the_colour_of_its_identity(api: Api, made: str, tmp_path: Path) -> None:
    frames = pictures(api.get(made, camera_id="c1").content, tmp_path / "v.mp4")
    edge, away = frames[100][90:140, 79:81].astype(int), frames[100][200:230, 200:300].astype(int)
    assert np.abs(away - 128).max() < 12
    assert np.abs(edge.mean(axis=(0, 1)) - of_identity(1)).max() < 90  # thin, and chroma is at half resolution
    assert np.abs(edge.mean(axis=(0, 1)) - 128).max() > 30


def test_parts_of_it_can_be_asked_for(api: Api, made: str) -> None:
    url = f"/api/v1/results/{made}/video?camera_id=c1"
    whole = api.client.get(url).content
    part = api.client.get(url, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole)}"
    beyond = api.client.get(url, headers={"Range": f"bytes={len(whole)}-"})
    problem(beyond, 416, "bytes")
    assert beyond.headers["content-range"] == f"bytes */{len(whole)}"
    head = api.client.head(url)
    assert (head.status_code, head.headers["content-length"], head.content) == (200, str(len(whole)), b"")


def test_what_cannot_be_is_refused(api: Api, made: str) -> None:
    problem(api.get("nobody"), 404, "nobody")
    problem(api.get(made, camera_id="c9"), 404, "c9")
    problem(api.get(made, blur="cats"), 422, "blur")
    problem(api.get(made, layout="pile"), 422, "layout")
    problem(api.get(made, layout="grid", camera_id="c1"), 422, "choose")
    for headers, status in (({"Host": "evil.example"}, 400), ({"Origin": "https://evil.example"}, 403)):
        for method in ("GET", "POST"):
            refused = api.client.request(method, f"/api/v1/results/{made}/video", headers=headers)
            assert refused.status_code == status, "pages and hosts of others may not use these routes either"


def test_a_task_that_failed_or_has_no_pictures_has_no_video(api: Api, new_script: Any) -> None:
    failed = new_script()
    api.say(failed.start(), replace(failed.end(0, outcome=Outcome.FAILED), error="all cameras are gone"))
    api.processes.wait_until(lambda: api.status(failed.task_id))
    problem(api.get(failed.task_id), 409, "all cameras are gone")
    empty = new_script()
    api.say(empty.start(), empty.end(0))
    api.processes.wait_until(lambda: api.status(empty.task_id))
    problem(api.get(empty.task_id), 409, "no picture")


def test_a_running_task_is_waited_for(short: Api, new_script: Any) -> None:
    script = new_script()
    short.say(script.start(), script.media("c1", 0, frames=5, last=True, uri=short.clip.as_uri()), script.frame(0))
    short.processes.wait_until(lambda: short.get(script.task_id, camera_id="c1").status_code == 202)
    assert "still running" in short.get(script.task_id, camera_id="c1").json()["message"]
    short.say(*(short.sized(script.frame(tick)) for tick in range(1, 5)), script.end(5))
    short.finished(script.task_id, camera_id="c1")


def test_a_missing_video_is_named_and_can_be_tried_again(short: Api, new_script: Any, videos: Path) -> None:
    gone = replace(short, clip=videos / "gone.mp4")
    task_id = gone.play(new_script(), ticks=5)
    short.processes.wait_until(lambda: short.get(task_id, camera_id="c1").status_code != 202)
    problem(short.get(task_id, camera_id="c1"), 409, "a.mp4 of camera c1 is gone")
    shutil.copy(short.clip, gone.clip)
    again = short.client.post(f"/api/v1/results/{task_id}/video", params={"camera_id": "c1"})
    assert (again.status_code, again.json()["status"] != "failed") == (202, True)
    short.finished(task_id, camera_id="c1")


def test_all_cameras_side_by_side(api: Api, made: str, tmp_path: Path) -> None:
    assert api.get(made).json()["url"].endswith("layout=grid")  # more than one camera, none chosen
    frames = pictures(api.finished(made, layout="grid").content, tmp_path / "v.mp4")
    assert len(frames) == SECONDS * FPS
    assert frames[0].shape[1] == 2 * WIDTH
    left, right = frames[100][:HEIGHT, :WIDTH].astype(int), frames[100][:HEIGHT, WIDTH : 2 * WIDTH].astype(int)
    assert np.abs(left - right)[40:].mean() < 1.0  # the same person in the same colour


def test_people_are_blurred_on_request(api: Api, made: str, tmp_path: Path) -> None:
    plain = pictures(api.get(made, camera_id="c1").content, tmp_path / "a.mp4")
    blurred = pictures(api.finished(made, camera_id="c1", blur="people").content, tmp_path / "b.mp4")
    assert len(blurred) == len(plain)


def test_identities_are_those_after_revisions(short: Api, new_script: Any, tmp_path: Path) -> None:
    script = new_script()
    task_id = short.play(script, ticks=10)
    short.finished(task_id, camera_id="c1")
    short.say(script.revision(1, ("c1", 1, 0, 10, 1, 2)))
    short.processes.wait_until(lambda: short.get(task_id, camera_id="c1").status_code == 202)  # outdated, made anew
    frames = pictures(short.finished(task_id, camera_id="c1").content, tmp_path / "v.mp4")
    label = frames[5][22:38, 42:90].reshape(-1, 3).astype(int)
    nearest = [np.abs(label - of_identity(identity)).sum(axis=1).min() for identity in (1, 2)]
    assert nearest[1] < 40 < nearest[0]


async def test_a_killed_worker_is_followed_by_another_that_goes_on(
    api: Api, new_script: Any, connection: asyncpg.Connection, videos: Path
) -> None:
    minute = replace(api, clip=write_grey(videos / "minute.mp4", 60))  # long enough to be in the middle of it
    task_id = minute.play(new_script(), ticks=10)
    process: subprocess.Popen[bytes] = api.processes.running.pop(WORKER)
    start_worker(api.processes, offset=3)
    second = api.processes.running[WORKER]
    second.send_signal(signal.SIGSTOP)  # until it is its turn
    api.get(task_id, camera_id="c1")
    video_id = await connection.fetchval("SELECT video_id FROM videos WHERE task_id = $1", task_id)
    first = videos / "annotated" / f".making-{video_id}" / "piece-00000.mp4"
    api.processes.wait_until(first.exists)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert await connection.fetchval("SELECT status FROM videos WHERE video_id = $1", video_id) == "making"
    kept, written_at = videos / "first-piece.mp4", first.stat().st_mtime_ns
    os.link(first, kept)
    second.send_signal(signal.SIGCONT)
    api.finished(task_id, camera_id="c1")
    assert kept.stat().st_mtime_ns == written_at  # nobody wrote it again, and nobody removed it before the end
    api.processes.wait_until(lambda: not first.parent.exists())
    assert kept.stat().st_nlink == 1


async def test_two_workers_never_take_the_same_one(
    database_url: str, made: str, connection: asyncpg.Connection
) -> None:
    await connection.execute(
        "INSERT INTO videos (video_id, task_id, camera_id, blur, status, requested_at, used_at)"
        " SELECT 'both-' || n, $1, 'x' || n, 'none', 'waiting', now(), now() FROM generate_series(1, 40) n",
        made,
    )
    other = await asyncpg.connect(database_url)

    async def take(on: asyncpg.Connection, worker: str) -> list[str]:
        found = []
        while (claimed := await rows.claim(on, worker, 60)) is not None:
            found.append(claimed.video_id)
        return found

    mine, theirs = await asyncio.gather(take(connection, "mine"), take(other, "theirs"))
    assert mine
    assert theirs
    assert len({*mine, *theirs}) == len(mine) + len(theirs)
    await connection.execute("DELETE FROM videos WHERE video_id LIKE 'both-%'")
    await other.close()


def test_the_video_of_a_job_is_made_by_itself_and_goes_with_it(short: Api, new_script: Any, videos: Path) -> None:
    answer = short.client.post("/api/v1/upload", files={"file": ("holiday.mp4", short.clip.read_bytes())})
    job_id = answer.json()["job_id"]
    assert short.get(job_id).status_code == 202  # whether its turn has come or not

    def job() -> dict[str, Any]:
        return dict(short.client.get(f"/api/v1/jobs/{job_id}").json())

    short.processes.wait_until(lambda: job()["started_at"])
    script = new_script(task_id=job_id, environment_id=environment_of(job_id))
    uri = (videos / "uploads" / answer.json()["file_key"]).as_uri()
    media = script.media(CAMERA, 0, frames=10, last=True, uri=uri)
    frames = [
        replace(f, cameras=(replace(f.cameras[0], camera_id=CAMERA),)) for f in map(short.framed(script), range(10))
    ]
    start = script.start()
    short.say(media, replace(start, start=replace(start.start, camera_ids=(CAMERA,))), *frames, script.end(10))
    short.processes.wait_until(lambda: (job()["annotated_video"] or {}).get("status") == "finished")
    drawn = job()["annotated_video"]
    assert (drawn["progress"], drawn["url"]) == (100.0, f"/api/v1/results/{job_id}/video?camera_id={CAMERA}")
    assert short.client.get(drawn["url"]).status_code == 200
    folder = videos / "annotated"
    files = set(folder.iterdir())
    assert short.client.delete(f"/api/v1/jobs/{job_id}").status_code == 204
    problem(short.client.get(drawn["url"]), 404, job_id)
    short.processes.wait_until(lambda: len(set(folder.iterdir())) == len(files) - 1)
    assert set(folder.iterdir()) < files


def test_a_full_disk_is_told_and_leaves_nothing(short: Api, new_script: Any, videos: Path) -> None:
    task_id = short.play(new_script(), ticks=10)
    before = set((videos / "annotated").iterdir())
    pid = short.processes.running[WORKER].pid
    _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1000, most))  # bytes of a file: what a full disk is to a writer
    short.get(task_id, camera_id="c1")
    short.processes.wait_until(lambda: short.get(task_id, camera_id="c1").status_code != 202)
    problem(short.get(task_id, camera_id="c1"), 409, "no room left for videos")
    assert set((videos / "annotated").iterdir()) == before
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))
    assert short.client.post(f"/api/v1/results/{task_id}/video", params={"camera_id": "c1"}).status_code == 202
    short.finished(task_id, camera_id="c1")


async def test_what_ends_its_process_again_and_again_is_given_up(
    short: Api, new_script: Any, connection: asyncpg.Connection
) -> None:
    task_id = short.play(new_script(), ticks=10)
    await connection.execute(
        "INSERT INTO videos (video_id, task_id, camera_id, blur, status, requested_at, used_at, alive_at, attempts)"
        " VALUES ($1, $1, 'c1', 'none', 'making', now(), now(), now() - INTERVAL '1 hour', 3)",
        task_id,
    )
    short.processes.wait_until(lambda: short.get(task_id, camera_id="c1").status_code != 202)
    problem(short.get(task_id, camera_id="c1"), 409, "its process ended each time")


async def test_what_is_removed_while_it_is_made_leaves_nothing(
    api: Api, made: str, connection: asyncpg.Connection, videos: Path
) -> None:
    folder = videos / "annotated"
    before = set(folder.iterdir())
    api.get(made, camera_id="c2")
    api.processes.wait_until(lambda: len(set(folder.iterdir())) > len(before))
    await connection.execute("DELETE FROM videos WHERE task_id = $1 AND camera_id = 'c2'", made)
    api.processes.wait_until(lambda: set(folder.iterdir()) == before)


async def test_what_nobody_asks_for_any_more_goes(
    connection: asyncpg.Connection, api: Api, made: str, tmp_path: Path
) -> None:
    async with Storage(FileAccess(), S3Settings()) as storage:
        old, left = tmp_path / "old.mp4", tmp_path / ".making-nobody"
        old.touch()
        left.mkdir()
        wanted = "INSERT INTO videos (video_id, task_id, camera_id, blur, status, requested_at, used_at, uri) VALUES"
        await connection.execute(
            f"{wanted} ('old', $1, 'c2', 'people', 'finished', now(), now() - INTERVAL '31 days', $2)",
            made,
            old.as_uri(),
        )
        await connection.execute(f"{wanted} ('lost', 'no task', NULL, 'none', 'waiting', now(), now(), NULL)")
        await tidying.forget(connection, tmp_path, 30)
        await tidying.remove_files(connection, storage)
        assert (old.exists(), left.exists()) == (False, False)
        assert await connection.fetchval("SELECT status FROM videos WHERE video_id = 'old'") == "expired"
        assert await connection.fetchval("SELECT count(*) FROM videos WHERE video_id = 'lost'") == 0
    assert api.get(made, camera_id="c1").status_code == 200  # it was asked for
    api.finished(made, camera_id="c2", blur="people")  # asked for again, made again


PAGE = """<video muted src="%s"></video><script>
const video = document.querySelector("video"), said = { errors: [] };
const tell = () => fetch("/", { method: "POST", body: JSON.stringify(said) });
video.onerror = () => { said.errors.push(video.error.message); tell(); };
video.onloadedmetadata = () => { said.duration = video.duration; said.size = [video.videoWidth, video.videoHeight]; };
video.ontimeupdate = () => {
  if (said.moved || video.currentTime < 0.3) return;
  said.moved = video.currentTime;
  video.currentTime = 15.2;
};
video.onseeked = () => {
  said.seeked = video.currentTime;
  setTimeout(() => { said.later = video.currentTime; tell(); }, 500);
};
video.play();
</script>"""


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_a_browser_plays_it_and_seeks(api: Api, made: str, tmp_path: Path) -> None:
    page = (PAGE % f"{api.processes.url}/api/v1/results/{made}/video?camera_id=c1").encode()
    told: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page)

        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"]
    argv = [str(CHROMIUM), *options, f"--user-data-dir={tmp_path}", f"http://127.0.0.1:{server.server_port}/"]
    browser = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        api.processes.wait_until(lambda: told)
    finally:
        browser.terminate()
        browser.wait(10)
        server.shutdown()
    [said] = told
    assert said["errors"] == []
    assert said["duration"] == pytest.approx(SECONDS, abs=0.1)
    assert said["size"][0] == WIDTH
    assert said["moved"] >= 0.3
    assert said["seeked"] == pytest.approx(15.2, abs=0.1)
    assert said["later"] > said["seeked"]
