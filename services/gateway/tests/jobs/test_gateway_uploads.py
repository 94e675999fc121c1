"""Uploads over HTTP on real servers: good ones stay, hostile ones leave nothing behind."""

import contextlib
import resource
import socket
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.integration

MOST = 5_000_000
SMALL = 100_000
GATEWAY_SETTINGS = {
    "SPOTON_GATEWAY_UPLOAD_MAX_BYTES": str(MOST),
    "SPOTON_GATEWAY_UPLOAD_SMALL_MAX_BYTES": str(SMALL),
    "SPOTON_GATEWAY_UPLOAD_STALL_S": "1",
    "SPOTON_GATEWAY_UPLOAD_RUNNING_PER_USER": "1000",
    "SPOTON_GATEWAY_UPLOAD_RUNNING": "1000",
}


@pytest.fixture(scope="module")
def api(processes: Any) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=processes.url, timeout=30) as client:
        yield client


@pytest.fixture
def clip(make_clip: Callable[..., Path]) -> bytes:
    return make_clip("clip.mp4", frames=20, options={"movflags": "faststart"}).read_bytes()


@pytest.fixture
def folder(videos: Path) -> Path:
    return videos / "uploads"


@pytest.fixture
def nothing_left(api: httpx.Client, folder: Path) -> Iterator[None]:
    """Whatever a test sends is refused: no file and no job remain, and the gateway goes on."""
    before, jobs = set(folder.iterdir()) if folder.exists() else set(), total(api)
    yield
    assert set(folder.iterdir()) == before
    assert total(api) == jobs
    assert api.get("/health").status_code == 200


def total(api: httpx.Client) -> int:
    return int(api.get("/api/v1/jobs").json()["total"])


def send(api: httpx.Client, content: bytes, name: str = "clip.mp4", path: str = "/api/v1/upload") -> httpx.Response:
    return api.post(path, files={"file": (name, content, "video/mp4")})


def padded(clip: bytes, size: int) -> bytes:
    """Make an MP4 exactly so large, by an atom that players pass over."""
    return clip + struct.pack(">I", size - len(clip)) + b"free" + bytes(size - len(clip) - 8)


def refused(answer: httpx.Response, status: int, text: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert text in answer.json()["detail"]


def test_a_video_becomes_a_job_and_a_file(api: httpx.Client, clip: bytes, folder: Path) -> None:
    answer = send(api, clip)
    assert answer.status_code == 201, answer.text
    accepted = answer.json()
    assert (folder / accepted["file_key"]).read_bytes() == clip
    assert accepted["video"]["frames"] == 20
    assert api.get(accepted["status_url"]).json()["status"] == "queued"


def test_the_same_file_twice_is_two_jobs_and_either_can_go(api: httpx.Client, clip: bytes, folder: Path) -> None:
    first, second = (send(api, clip).json() for _ in range(2))
    assert first["job_id"] != second["job_id"]
    assert api.delete(first["status_url"]).status_code == 204
    assert api.get(second["status_url"]).status_code == 200
    assert (folder / second["file_key"]).read_bytes() == clip
    assert not (folder / first["file_key"]).exists()


@pytest.mark.parametrize(("path", "most"), [("/api/v1/upload", MOST), ("/upload", SMALL)])
def test_a_file_of_just_the_largest_size_is_taken(api: httpx.Client, clip: bytes, path: str, most: int) -> None:
    assert send(api, padded(clip, most), path=path).status_code == 201


@pytest.mark.parametrize(("path", "most"), [("/api/v1/upload", MOST), ("/upload", SMALL)])
@pytest.mark.usefixtures("nothing_left")
def test_one_byte_more_is_refused(api: httpx.Client, clip: bytes, path: str, most: int) -> None:
    refused(send(api, padded(clip, most + 1), path=path), 413, f"{most} bytes")


@pytest.mark.usefixtures("nothing_left")
def test_far_too_much_is_refused_before_it_comes(api: httpx.Client, processes: Any) -> None:
    refused(send(api, bytes(MOST * 3)), 413, f"{MOST} bytes")
    head = "POST /api/v1/upload HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 9000000000\r\n"
    with socket.create_connection(("127.0.0.1", processes.port), 10) as connection:
        connection.sendall(f"{head}Content-Type: multipart/form-data; boundary=x\r\n\r\n".encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    ("name", "content", "status", "text"),
    [
        ("empty.mp4", b"", 422, "empty"),
        ("text.mp4", b"this is not a video\n" * 100, 415, "no MP4, MOV or AVI"),
        ("clip.txt", None, 415, "does not end in"),
        ("clip.avi", None, 415, "its name says AVI"),
        ("../../..", None, 415, "does not end in"),
        ("", None, 400, "one part"),
    ],
)
@pytest.mark.usefixtures("nothing_left")
def test_what_is_no_accepted_video_is_refused(
    api: httpx.Client, clip: bytes, name: str, content: bytes | None, status: int, text: str
) -> None:
    refused(send(api, clip if content is None else content, name), status, text)


@pytest.mark.usefixtures("nothing_left")
def test_damaged_and_excessive_videos_are_refused(
    api: httpx.Client, clip: bytes, make_clip: Callable[..., Path], make_jpegs: Callable[..., Path]
) -> None:
    refused(send(api, clip[: len(clip) * 8 // 10]), 422, "incomplete")
    refused(send(api, make_clip("none.mp4", frames=0).read_bytes()), 422, "nothing at all")
    refused(send(api, make_clip("fast.mp4", frames=20, fps=4000).read_bytes()), 422, "4000 frames a second")
    refused(send(api, make_clip("sound.mp4", frames=None, sound=True).read_bytes()), 422, "only sound")
    huge = make_jpegs("huge.avi", announced=(16384, 16384), true=(16384, 16384)).read_bytes()
    refused(send(api, huge, "huge.avi"), 422, "pixels")
    bomb = make_jpegs("bomb.avi", announced=(64, 48), true=(9000, 9000)).read_bytes()
    refused(send(api, bomb, "bomb.avi"), 422, "larger than announced")


@pytest.mark.usefixtures("nothing_left")
def test_bombs_are_refused_and_the_gateway_goes_on(api: httpx.Client, make_bomb: Callable[[str], Path]) -> None:
    """Some kB that say two thousand million pictures; a header that unpacks to 4 GB."""
    refused(send(api, make_bomb("index").read_bytes()), 422, "video")
    refused(send(api, make_bomb("packed").read_bytes()), 422, "video")


@pytest.mark.usefixtures("nothing_left")
def test_the_alias_takes_mp4_only(api: httpx.Client, make_clip: Callable[..., Path]) -> None:
    moved = make_clip("clip.mov", frames=20).read_bytes()
    refused(send(api, moved, "clip.mov", "/upload"), 415, "only MP4")
    refused(send(api, moved, "clip.mp4", "/upload"), 415, "only MP4")


@pytest.mark.parametrize("name", ["../../../etc/passwd.mp4", "..\\..\\a.mp4", "/tmp/a.mp4", "a/b/../c.mp4", "~/a.mp4"])
def test_no_name_leads_out_of_the_folder(api: httpx.Client, clip: bytes, folder: Path, name: str) -> None:
    accepted = send(api, clip, name).json()
    assert "/" not in accepted["video"]["file_name"]
    assert "\\" not in accepted["video"]["file_name"]
    assert (folder / accepted["file_key"]).read_bytes() == clip
    assert accepted["file_key"] == f"{accepted['job_id']}.mp4"


def form(*parts: tuple[str, bytes], end: bytes = b"--x--\r\n") -> bytes:
    head = "--x\r\nContent-Disposition: form-data; "
    return b"".join(f"{head}{about}\r\n\r\n".encode() + content + b"\r\n" for about, content in parts) + end


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        (b"", 400, "last boundary"),
        (b"no form at all", 400, "no form"),
        (form(('name="file"; filename="a.mp4"', b"x"), end=b""), 400, "last boundary"),
        (form(('name="other"; filename="a.mp4"', b"x")), 400, "one part"),
        (form(('name="file"', b"x")), 400, "one part"),
        (form(('name="file"; filename="a.mp4"', b"x"), ('name="file"; filename="b.mp4"', b"x")), 400, "more than one"),
        (form(('name="file"; filename="' + "a" * 9000 + '.mp4"', b"x")), 400, "no form"),
    ],
)
@pytest.mark.usefixtures("nothing_left")
def test_bodies_that_are_no_such_form_are_refused(api: httpx.Client, body: bytes, status: int, text: str) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    refused(api.post("/api/v1/upload", content=body, headers=headers), status, text)


@pytest.mark.parametrize("kind", ["video/mp4", "multipart/form-data", "application/json", None])
@pytest.mark.usefixtures("nothing_left")
def test_other_bodies_are_refused(api: httpx.Client, clip: bytes, kind: str | None) -> None:
    headers = {"Content-Type": kind} if kind else {}
    refused(api.post("/api/v1/upload", content=clip, headers=headers), 415, "multipart/form-data")


@contextlib.contextmanager
def half_sent(port: int, clip: bytes) -> Iterator[socket.socket]:
    body = form(('name="file"; filename="a.mp4"', clip))
    head = "POST /api/v1/upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[: len(body) // 2])
        yield connection


def arriving(folder: Path) -> list[Path]:
    return list(folder.glob(".incoming-*"))


@pytest.mark.usefixtures("nothing_left")
def test_a_connection_that_is_cut_leaves_nothing(processes: Any, clip: bytes, folder: Path) -> None:
    with half_sent(processes.port, clip):
        processes.wait_until(lambda: arriving(folder))
    processes.wait_until(lambda: not arriving(folder))


@pytest.mark.usefixtures("nothing_left")
def test_an_upload_that_stands_still_is_given_up(processes: Any, clip: bytes, folder: Path) -> None:
    with half_sent(processes.port, clip) as connection:
        assert connection.recv(4096).startswith(b"HTTP/1.1 408")
    processes.wait_until(lambda: not arriving(folder))


@pytest.mark.usefixtures("nothing_left")
def test_no_room_is_told_and_passes(processes: Any, api: httpx.Client, clip: bytes) -> None:
    """No file may grow beyond 64 kB: to a process that is what a full disk is, but for the number of the error."""
    process = processes.running["spoton_gateway"].pid
    usual = resource.prlimit(process, resource.RLIMIT_FSIZE, (65536, resource.RLIM_INFINITY))
    try:
        refused(send(api, padded(clip, 150_000)), 507, "no room")
    finally:
        resource.prlimit(process, resource.RLIMIT_FSIZE, usual)
    accepted = send(api, clip)
    assert accepted.status_code == 201
    api.delete(accepted.json()["status_url"])


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """Let the folder be a file system of its own; needs the right to mount."""
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=False).returncode:
        pytest.skip("no right to mount")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.parametrize("path", ["/api/v1/upload", "/upload"])
@pytest.mark.usefixtures("nothing_left")
def test_a_full_disk_is_told_and_left_as_it_was(api: httpx.Client, clip: bytes, folder: Path, path: str) -> None:
    with small_disk(folder, "64k"):
        for _ in range(3):  # each time there is as much room as before
            refused(send(api, padded(clip, 90_000), path=path), 507, "no room")
            assert list(folder.iterdir()) == []
        accepted = send(api, clip)
        assert accepted.status_code == 201
        api.delete(accepted.json()["status_url"])


@pytest.mark.parametrize("path", ["/api/v1/upload", "/upload"])
def test_pages_of_other_origins_can_send_nothing(api: httpx.Client, clip: bytes, path: str) -> None:
    answer = api.post(path, files={"file": ("a.mp4", clip)}, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
