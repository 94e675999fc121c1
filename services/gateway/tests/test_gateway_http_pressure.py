"""REST under pressure: what a fuzzer finds, and clients that stop, overdo it or come from elsewhere."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from spoton_schemas.records import Environment, FloorMap, Scene, SceneCamera

pytestmark = pytest.mark.integration

CONFIG = Path(__file__).parents[1] / "schemathesis.toml"
ENVIRONMENT = "pressed-yard"


@pytest.fixture(scope="module")
def task_id(processes, say, videos, new_script) -> str:
    """A finished task with a video, in an environment with a map."""
    script = new_script(environment_id=ENVIRONMENT)
    (videos / "a.mp4").write_bytes(bytes(range(256)) * 20_000)
    floor = FloorMap(f"file://{videos}/a.mp4", 0.02, (1.0, 2.0))
    cameras = tuple(SceneCamera(c, (f"file://{videos}/a.mp4",)) for c in ("c1", "c2"))
    say(Environment(Scene(ENVIRONMENT, "Yard", 10.0, cameras, floor_map=floor)))
    media = [script.media(c, 0, uri=f"file://{videos}/a.mp4", last=True) for c in ("c1", "c2")]
    say(script.accepted(), *media, script.start(), *[script.frame(t) for t in range(10)], script.end(10))
    status = f"{processes.url}/api/v1/processing-tasks/{script.task_id}/status"
    processes.wait_until(lambda: httpx.get(status).json().get("status") == "COMPLETED")
    return script.task_id


@pytest.fixture(scope="module", autouse=True)
def half_open(processes) -> Iterator[list[socket.socket]]:
    """Connections that begin a request and stop."""
    connections = [socket.create_connection(("127.0.0.1", processes.port), 30) for _ in range(300)]
    for connection in connections:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n")
    yield connections
    for connection in connections:
        connection.close()


def test_a_fuzzer_finds_neither_server_errors_nor_broken_promises(processes, task_id):
    """Schemathesis, all its checks: documented statuses, media types and schemas, negative data refused."""
    environment = {**os.environ, "SPOTON_FUZZ_TASK": task_id, "SPOTON_FUZZ_ENVIRONMENT": ENVIRONMENT}
    schemathesis = Path(sys.executable).with_name("schemathesis")
    argv = [schemathesis, "--config-file", CONFIG, "run", f"{processes.url}/api/openapi.json", "--no-color"]
    argv += ["--max-examples=10", "--phases=examples,coverage,fuzzing", "--warnings=off"]
    found = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert found.returncode == 0, found.stdout[-6000:] + found.stderr[-2000:]
    assert "Tested: 29" in found.stdout


def raw(processes, *parts: bytes, timeout_s: float = 5.0) -> tuple[int, dict[str, object]]:
    """Send bytes as they are; return the status and the problem of the answer."""
    with socket.create_connection(("127.0.0.1", processes.port), timeout_s) as connection:
        for part in parts:
            connection.sendall(part)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head.lower()
    return int(head.split()[1]), json.loads(body)


def request(line: str, *headers: str, body: bytes = b"") -> bytes:
    return "\r\n".join([line, "Host: localhost", "Connection: close", *headers, "", ""]).encode() + body


def test_what_is_no_http_is_a_problem(processes):
    assert raw(processes, b"HELLO\r\n\r\n")[0] == 400
    assert raw(processes, request("GET /health HTTP/1.1", "Content-Length: x"))[0] == 400
    assert raw(processes, request("GET /health HTTP/1.1").replace(b"Host: localhost\r\n", b""))[0] == 400


def test_a_huge_head_is_refused(processes):
    status, problem = raw(processes, b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: ", b"x" * 70_000)
    assert (status, problem["status"]) == (431, 431)


def test_a_huge_body_is_refused_before_it_has_come(processes):
    line = "POST /api/v1/processing-tasks/start HTTP/1.1"
    status, problem = raw(processes, request(line, "Content-Length: 9000000000"), b"x" * (1 << 20), b"x")
    assert status == 413
    assert "1048576" in str(problem["detail"])
    chunk = b"%x\r\n" % (1 << 21) + b"x" * (1 << 20) + b"x"
    assert raw(processes, request(line, "Transfer-Encoding: chunked"), chunk)[0] == 413


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[" * 500_000, 400),
        (b'{"environment_id":' * 30_000, 400),
        (b"\xff\xfe", 422),
        (b'{"environment_id": NaN}', 422),
        (b'{"environment_id": "\\ud800"}', 404),
        (b'{"\\ud800": 1}', 422),
        (b'{"environment_id": "a\\u0000b"}', 404),
        (b'{"environment_id": "' + b"x" * 900_000 + b'"}', 404),
        (b'{"environment_id": ' + b"9" * 5000 + b"}", 400),
    ],
)
def test_hostile_json_is_a_problem(processes, body, status):
    headers = {"Content-Type": "application/json"}
    answer = httpx.post(f"{processes.url}/api/v1/processing-tasks/start", content=body, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["status"] == status
    assert len(answer.content) < 2000


@pytest.mark.parametrize(
    "path",
    [
        "/static/%00",
        "/static/..%2f..%2fapp.py",
        "/static/%2e%2e/%2e%2e/app.py",
        "/static/....//app.py",
        "/api/assets/..%2fcore.py",
        "/static/" + "a" * 5000,
        "/api/v1/media/tasks/{task}/environments/pressed-yard/cameras/c1/sub_videos/..%2f..%2f..%2fetc%2fpasswd",
        "/api/v1/media/tasks/{task}/environments/pressed-yard/cameras/c1/sub_videos/%2fetc%2fpasswd",
        "/api/v1/media/tasks/{task}/environments/pressed-yard/cameras/..%2fc1/sub_videos/a.mp4",
        "/api/v1/media/tasks/{task}/environments/pressed-yard/cameras/c1/sub_videos/a.mp4%ff",
        "/api/v1/media/tasks/{task}/environments/pressed-yard/cameras/c1/sub_videos/a.mp4%252f",
        "/api/v1/config/environments/%ff%fe/map",
        "//etc/passwd",
    ],
)
def test_no_path_leads_out(processes, task_id, path):
    status, problem = raw(processes, request(f"GET {path.replace('{task}', task_id)} HTTP/1.1"))
    assert (status, problem["status"]) == (404, 404)


@pytest.mark.parametrize("asked", ["bytes=" + ",".join("0-" for _ in range(3000)), "bytes=0-0,-1", "bytes=0-9, 5-15"])
def test_many_ranges_cost_no_more_than_the_file(processes, task_id, asked):
    url = f"{processes.url}/api/v1/media/tasks/{task_id}/environments/{ENVIRONMENT}/cameras/c1/sub_videos/a.mp4"
    answer = httpx.get(url, headers={"Range": asked})
    assert (answer.status_code, len(answer.content)) == (200, 256 * 20_000)


def test_identical_starts_at_once_are_tasks_of_their_own(processes, task_id):
    async def start_all() -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=processes.url, timeout=60) as client:
            body = {"environment_id": ENVIRONMENT}
            return await asyncio.gather(*(client.post("/api/v1/processing-tasks/start", json=body) for _ in range(30)))

    answers = asyncio.run(start_all())
    assert [answer.status_code for answer in answers] == [200] * 30
    started = {answer.json()["task_id"] for answer in answers}
    assert len(started) == 30
    assert task_id not in started


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example", "file://"])
def test_pages_of_other_origins_reach_no_route(processes, method, origin):
    url = f"{processes.url}/api/v1/processing-tasks/start"
    answer = httpx.request(method, url, headers={"Origin": origin}, content=b"{}")
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "localhost.evil.example", "", "[::1", "127.0.0.2"])
def test_other_host_names_reach_no_route(processes, host):
    """DNS rebinding: a name of somebody else that points to this machine."""
    answer = httpx.get(f"{processes.url}/health", headers={"Host": host})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:80", "[::1]:19406"])
def test_this_machine_is_answered(processes, host):
    assert httpx.get(f"{processes.url}/api/v1/metrics", headers={"Host": host}).status_code == 200


def test_a_page_of_this_machine_on_another_port_may_use_the_gateway(processes):
    origin = "http://localhost:5173"
    answer = httpx.get(f"{processes.url}/api/v1/processing-tasks", headers={"Origin": origin})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, origin)


def test_heads_that_never_end_are_told_so(half_open):
    """Slowloris. The other tests were answered meanwhile."""
    for connection in half_open:
        assert connection.recv(4096).startswith(b"HTTP/1.1 408")
        assert connection.recv(4096) == b""


def test_metrics_tell_what_was_refused(processes):
    told = httpx.get(f"{processes.url}/api/v1/metrics").json()["metrics"]
    [refused] = [metric for metric in told if metric["name"] == "spoton_refused_requests"]
    reasons = {sample["labels"]["reason"] for sample in refused["samples"] if sample["name"].endswith("_total")}
    assert reasons >= {"host", "origin", "huge_head", "huge_body", "slow_head", "not_http"}


@pytest.mark.parametrize("page", ["docs", "redoc"])
def test_the_description_needs_no_other_host(processes, page):
    text = httpx.get(f"{processes.url}/api/{page}").text
    assert "https://" not in text
    for part in text.split('"'):
        if part.startswith("/api/assets/"):
            assert httpx.get(f"{processes.url}{part}").status_code == 200
