"""The gateway's REST interface, as far as the commands use it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx
import msgspec
from spoton_local import connections

from spoton_cli.errors import GatewayRefused, GatewayUnreachable

_TIMEOUT_S = 30.0
_POLL_S = 0.1
_MOST_EVENTS = 20_000  # what the gateway gives at once


@dataclass(frozen=True, slots=True)
class CameraState:
    """How far one camera is."""

    frames_done: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskState:
    """A task as ``/status`` shows it; ``frames`` counts pictures by topic, and those in the database."""

    task_id: str
    environment_id: str
    status: str
    progress: float = 0.0
    frames_expected: int | None = None
    frames: dict[str, int] = field(default_factory=dict)
    identities_found: int = 0
    cameras: dict[str, CameraState] = field(default_factory=dict)
    message: str | None = None

    @property
    def ended(self) -> bool:
        """Tell whether nothing more will come."""
        return self.status in ("COMPLETED", "STOPPED", "FAILED")


class Gateway:
    """Speaks to a gateway; use as a context manager."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx.Client(base_url=url, timeout=_TIMEOUT_S)

    @classmethod
    def of_local_stack(cls) -> Self:
        """Speak to the gateway of the stack in this checkout."""
        return cls(connections().gateway_url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def environments(self) -> list[dict[str, Any]]:
        """List the registered environments."""
        found: list[dict[str, Any]] = self._request("GET", "/api/v1/config/environments").json()["items"]
        return found

    def wait_for_environment(self, environment_id: str, timeout_s: float = 15.0) -> None:
        """Wait until the gateway has read a newly registered environment."""
        deadline = time.monotonic() + timeout_s
        while environment_id not in (entry["environment_id"] for entry in self.environments()):
            if time.monotonic() > deadline:
                raise GatewayRefused(f"the gateway did not hear of environment {environment_id} in {timeout_s} s")
            time.sleep(_POLL_S)

    def start(self, environment_id: str) -> str:
        """Start a task on an environment and return its id."""
        body = {"environment_id": environment_id}
        return str(self._request("POST", "/api/v1/processing-tasks/start", json=body).json()["task_id"])

    def tasks(self) -> list[TaskState]:
        """List the tasks, newest first."""
        items = self._request("GET", "/api/v1/processing-tasks").json()["items"]
        return msgspec.convert(items, list[TaskState])

    def task(self, task_id: str) -> TaskState:
        """Show one task."""
        return msgspec.convert(self._request("GET", f"/api/v1/processing-tasks/{task_id}/status").json(), TaskState)

    def control(self, task_id: str, command: str) -> None:
        """Send ``pause``, ``resume`` or ``stop``."""
        self._request("POST", f"/api/v1/processing-tasks/{task_id}/control", json={"command": command})

    def export(
        self, task_id: str, file_format: str, identities: str, known: Mapping[str, str | int] | None = None
    ) -> bytes:
        """Fetch a task's results as a zip archive; ``known``: an ``as_of``, ``as_of_revision`` or ``as_of_tick``."""
        parameters = {"format": file_format, "identities": identities, **(known or {})}
        return self._request("GET", f"/api/v1/processing-tasks/{task_id}/export", params=parameters).content

    def upload(self, file: Path, classes: list[str]) -> str:
        """Send a video and return the id of its job."""
        with file.open("rb") as content:
            answer = self._request("POST", "/api/v1/upload", files={"file": content}, params={"classes": classes})
        return str(answer.json()["job_id"])

    def job(self, job_id: str) -> dict[str, Any]:
        """Show one job."""
        found: dict[str, Any] = self._request("GET", f"/api/v1/jobs/{job_id}").json()
        return found

    def events(self, task_id: str) -> list[dict[str, Any]]:
        """List what happened in a task."""
        items: list[dict[str, Any]] = []
        query: dict[str, Any] = {"limit": _MOST_EVENTS}
        while True:
            page = self._request("GET", f"/api/v1/results/{task_id}/events", params=query).json()
            items += page["items"]
            if page["next_cursor"] is None:
                return items
            query["cursor"] = page["next_cursor"]

    def timeline(self, task_id: str, file_format: str) -> str:
        """Fetch what happened in a task as ``text`` or ``vtt``."""
        query = {"format": file_format, "limit": _MOST_EVENTS}
        return self._request("GET", f"/api/v1/results/{task_id}/events", params=query).text

    def video(self, job_id: str, blur: str, target: Path) -> dict[str, Any] | None:
        """Fetch a job's annotated video into a file, whole or not at all; return how far it is if it is not there."""
        partial = target.with_name(f".{target.name}.part")
        try:
            with self._client.stream("GET", f"/api/v1/results/{job_id}/video", params={"blur": blur}) as answer:
                if answer.is_error or answer.status_code == httpx.codes.ACCEPTED:
                    answer.read()
                if answer.is_error:
                    raise GatewayRefused(_problem(answer))
                if answer.status_code == httpx.codes.ACCEPTED:
                    state: dict[str, Any] = answer.json()
                    return state
                with partial.open("wb") as file:
                    for chunk in answer.iter_bytes():
                        file.write(chunk)
        except httpx.TransportError as error:
            raise GatewayUnreachable(f"no gateway at {self.url} ({error}): is the stack up? try `spoton up`") from error
        else:
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
        return None

    def _request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        try:
            response = self._client.request(method, path, **arguments)
        except httpx.TransportError as error:
            raise GatewayUnreachable(f"no gateway at {self.url} ({error}): is the stack up? try `spoton up`") from error
        if response.is_error:
            raise GatewayRefused(_problem(response))
        return response


def _problem(response: httpx.Response) -> str:
    try:
        problem = response.json()
    except ValueError:
        return f"the gateway answered {response.status_code}"
    return str(problem.get("detail") or problem.get("title") or problem)
