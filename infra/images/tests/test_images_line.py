"""A generated task through the real images, run as the compose file says, on the servers of the local stack."""

import io
import json
import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import httpx
import pytest
from spoton_local.connections import Connections
from spoton_scenes.__main__ import main as generate_scene

from tests.jobs import ENDED, Jobs

pytestmark = pytest.mark.images

LINE = ("ingest", "detector", "reid", "mapper", "events", "gateway", "sink", "videos")
FRAMES = 160  # two cameras, eight seconds, ten frames a second


def find_engine() -> str | None:
    """Return the container engine that was chosen, else one that works: Docker's command may have no server."""
    if chosen := os.environ.get("CONTAINER_ENGINE"):
        return chosen
    installed = [name for name in ("docker", "podman") if shutil.which(name)]
    return next((name for name in installed if subprocess.run([name, "ps"], capture_output=True).returncode == 0), None)


ENGINE = find_engine()


def engine(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    assert ENGINE is not None
    return subprocess.run([ENGINE, *arguments], capture_output=True, text=True, timeout=120, check=check)


@dataclass
class Containers:
    """Containers of the compose file's services, on this machine's own network, each on a port of its own."""

    compose: dict[str, Any]
    overrides: dict[str, str]
    mounts: dict[str, Path]
    port_base: int
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    names: dict[str, str] = field(default_factory=dict)
    volumes: set[str] = field(default_factory=set)

    def port(self, service: str) -> int:
        return self.port_base + LINE.index(service)

    def arguments(self, service: str) -> list[str]:
        """Write what compose says of a service as options of ``run``, its image and its command."""
        entry = self.compose["services"][service]
        options = ["--network", "host", "--memory", entry["mem_limit"]]
        options += ["--read-only"] if entry["read_only"] else []
        options += [option for path in entry["tmpfs"] for option in ("--tmpfs", path)]
        options += [option for name in entry["cap_drop"] for option in ("--cap-drop", name)]
        options += ["--security-opt", "no-new-privileges"] * ("no-new-privileges:true" in entry["security_opt"])
        options += [option for volume in entry.get("volumes", ()) for option in ("--volume", self.volume(volume))]
        for name, value in {**entry.get("environment", {}), **self.overrides}.items():
            options += ["--env", f"{name}={value}"]
        if service in LINE:
            options += ["--env", f"SPOTON_HTTP_PORT={self.port(service)}"]
        if "entrypoint" in entry:
            options += ["--entrypoint", json.dumps(entry["entrypoint"])]
        return [*options, entry["image"], *entry.get("command", ())]

    def volume(self, written: str) -> str:
        source, place, *mode = written.split(":")
        if place in self.mounts:
            return ":".join([str(self.mounts[place]), place, *mode])
        if source.startswith("."):
            return ":".join([str(Path(__file__).parents[3] / source), place, *mode])
        self.volumes.add(f"{source}-{self.run_id}")
        return ":".join([f"{source}-{self.run_id}", place, *mode])

    def start(self, service: str) -> None:
        self.names[service] = f"spoton-{service}-{self.run_id}"
        engine("run", "--detach", "--name", self.names[service], *self.arguments(service))

    def once(self, service: str) -> subprocess.CompletedProcess[str]:
        return engine("run", "--rm", *self.arguments(service), check=False)

    def healthy(self, service: str) -> bool:
        name = self.names[service]
        if ENGINE == "podman":  # runs no health checks by itself
            return engine("healthcheck", "run", name, check=False).returncode == 0
        return engine("inspect", "--format", "{{.State.Health.Status}}", name).stdout.strip() == "healthy"

    def exit_status(self, service: str) -> int:
        return int(engine("inspect", "--format", "{{.State.ExitCode}}", self.names[service]).stdout)

    def log(self, service: str) -> str:
        shown = engine("logs", self.names[service], check=False)
        return shown.stdout + shown.stderr

    def remove(self) -> None:
        for name in self.names.values():
            engine("rm", "--force", name, check=False)
        for volume in self.volumes:
            engine("volume", "rm", "--force", volume, check=False)


def wait_for(condition: Callable[[], Any], timeout_s: float, what: Callable[[], str]) -> Any:
    deadline = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < deadline, what()
        time.sleep(0.5)
    return found


def require_images(compose: dict[str, Any]) -> None:
    if ENGINE is None:
        pytest.skip("neither docker nor podman works here")
    for service in LINE:
        image = compose["services"][service]["image"]
        if engine("image", "inspect", image, check=False).returncode != 0:
            pytest.skip(f"{image} is not built: make images")


@pytest.fixture(scope="module")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("environments")
    assert generate_scene(["easy", "--seconds", "8", "--out", str(folder / "easy")]) == 0
    for path in (folder, *folder.parents):  # the containers' user must reach it
        if path.owner() == folder.owner() and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o055)
    return folder


@pytest.fixture(scope="module")
def containers(
    compose: dict[str, Any],
    environments: Path,
    free_port_base: Callable[[], int],
    request: pytest.FixtureRequest,
) -> Iterator[Containers]:
    require_images(compose)
    stack: Connections = request.getfixturevalue("stack")  # not started for a skip
    servers = {name: value for name, value in stack.as_environment().items() if name != "SPOTON_GATEWAY_URL"}
    overrides = {**servers, "SPOTON_HTTP_HOST": "127.0.0.1"}
    running = Containers(compose, overrides, {"/environments": environments}, free_port_base())
    health = {name: f"http://127.0.0.1:{running.port(name)}/health" for name in LINE if name != "gateway"}
    overrides["SPOTON_GATEWAY_SERVICE_HEALTH_URLS"] = json.dumps(health)
    try:
        topics = running.once("topics")
        assert topics.returncode == 0, topics.stderr
        for service in LINE:
            running.start(service)
        for service in LINE:
            wait_for(lambda name=service: running.healthy(name), 180, lambda name=service: running.log(name))
        yield running
    finally:
        running.remove()


@pytest.fixture(scope="module")
def gateway(containers: Containers) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{containers.port('gateway')}", timeout=30) as client:
        yield client


def test_a_task_goes_through_the_containers(containers: Containers, gateway: httpx.Client) -> None:
    registered = containers.once("environments")
    assert registered.returncode == 0, registered.stderr
    assert registered.stdout.split() == ["easy"]

    def known() -> bool:
        items = gateway.get("/api/v1/config/environments").json()["items"]
        return "easy" in [item["environment_id"] for item in items]

    wait_for(known, 30, lambda: containers.log("gateway"))
    started = gateway.post("/api/v1/processing-tasks/start", json={"environment_id": "easy"}).raise_for_status()
    status_url = started.json()["status_url"]

    def ended() -> dict[str, Any] | None:
        status: dict[str, Any] = gateway.get(status_url).json()
        return status if status["status"] in ("COMPLETED", "FAILED", "STOPPED") else None

    status = wait_for(ended, 180, lambda: gateway.get(status_url).text)
    assert status["status"] == "COMPLETED", status
    assert set(status["frames"].values()) == {FRAMES}, status
    assert status["identities_found"] == 3, status
    assert gateway.get("/health").json()["status"] == "healthy"


def test_an_upload_becomes_a_job_and_an_annotated_video(
    environments: Path, containers: Containers, gateway: httpx.Client
) -> None:
    jobs, clip = Jobs(gateway), (environments / "easy" / "c0" / "sub_video_01.mp4").read_bytes()
    job_id = jobs.upload(clip, "ann")
    job = wait_for(
        lambda: found if (found := jobs.look(job_id))["status"] in ENDED else None, 120, lambda: str(jobs.look(job_id))
    )
    assert (job["status"], job["progress"]) == ("completed", 100.0), job
    address = f"/api/v1/results/{job_id}/video"
    wait_for(lambda: gateway.get(address).status_code == 200, 120, lambda: containers.log("videos"))
    video = gateway.get(address).content
    assert video != clip
    assert frames_in(video) == frames_in(clip)
    jobs.remove(job_id)


def frames_in(video: bytes) -> int:
    with av.open(io.BytesIO(video)) as container:
        return sum(1 for _ in container.decode(video=0))


def test_a_container_may_write_nowhere_but_into_tmp(containers: Containers) -> None:
    try_to_write = "import pathlib, sys; pathlib.Path(sys.argv[1], 'x').write_text('x')"
    for folder, may in (("/opt/spoton", False), ("/etc", False), ("/tmp", True)):
        tried = engine("exec", containers.names["mapper"], "python", "-c", try_to_write, folder, check=False)
        assert (tried.returncode == 0) is may, folder


def test_a_container_has_neither_root_nor_capabilities(containers: Containers) -> None:
    for service in LINE:
        shown = engine("exec", containers.names[service], "cat", "/proc/1/status").stdout
        status = dict(line.split(":\t", 1) for line in shown.splitlines() if ":\t" in line)
        assert status["Uid"].split() == ["10001"] * 4
        assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
        assert status["NoNewPrivs"] == "1"


def test_placeholders_stop_everything_before_it_starts(containers: Containers) -> None:
    containers.overrides["POSTGRES_PASSWORD"] = "change-me-postgres"
    refused = containers.once("secrets")
    del containers.overrides["POSTGRES_PASSWORD"]
    assert refused.returncode == 1
    assert "POSTGRES_PASSWORD: the secret is a placeholder" in refused.stderr
    assert containers.once("secrets").returncode == 0


@pytest.mark.parametrize("service", LINE)
def test_a_container_stops_cleanly_and_in_time(containers: Containers, service: str) -> None:
    began = time.monotonic()
    engine("stop", "--time", "30", containers.names[service])
    assert containers.exit_status(service) == 0, containers.log(service)
    assert time.monotonic() - began < 25
