"""`spoton job` without a stack: which files it writes, and when it gives up."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from spoton_cli import gateway as gateway_module
from spoton_cli import job_command
from spoton_cli.app import app
from spoton_cli.gateway import Gateway
from typer.testing import CliRunner

MADE = b"\0\0\0\x18ftypisom"


class Answers:
    """Answers as a gateway would: the video is there when it has been asked for twice."""

    def __init__(self, *, failing: bool = False) -> None:
        self.asked: list[httpx.URL] = []
        self._failing = failing

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.endswith("/video"):
            return self._video(request)
        if path.endswith("/upload"):
            return httpx.Response(201, json={"job_id": "j"})
        if "/jobs/" in path:
            return httpx.Response(200, json={"status": "completed", "progress": 100.0, "message": None})
        if request.url.params.get("format"):
            return httpx.Response(200, text="00:04 — Cup picked up\n")
        return httpx.Response(200, json={"items": [{"type": "object_picked_up"}], "next_cursor": None})

    def _video(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url)
        if self._failing:
            return httpx.Response(409, json={"detail": "there is no room left for videos"})
        if len(self.asked) < 2:
            return httpx.Response(202, json={"status": "making", "progress": 40.0})
        return httpx.Response(200, content=MADE)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.touch()
    return path


def run(answers: Answers, monkeypatch: pytest.MonkeyPatch, *arguments: Any) -> Any:
    client = httpx.Client
    transport = httpx.MockTransport(answers)
    monkeypatch.setattr(gateway_module.httpx, "Client", lambda **options: client(transport=transport, **options))
    monkeypatch.setattr(job_command.Gateway, "of_local_stack", lambda: Gateway("http://gateway"))
    monkeypatch.setattr(job_command, "_POLL_S", 0)
    return CliRunner().invoke(app, ["job", *map(str, arguments)])


def test_a_job_leaves_its_events_and_its_video(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers, out = Answers(), tmp_path / "out"
    result = run(answers, monkeypatch, clip, "--out", out, "--blur", "faces")
    assert result.exit_code == 0, result.output
    assert {path.name for path in out.iterdir()} == {"events.json", "events.txt", "events.vtt", "video.mp4"}
    assert (out / "video.mp4").read_bytes() == MADE
    assert json.loads((out / "events.json").read_text()) == [{"type": "object_picked_up"}]
    assert [url.params["blur"] for url in answers.asked] == ["faces"] * 2
    assert "drawing the video: 40 %" in result.stderr


def test_without_video_none_is_asked_for(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Answers()
    assert run(answers, monkeypatch, clip, "--out", tmp_path / "out", "--no-video").exit_code == 0
    assert answers.asked == []


def test_events_are_there_even_if_the_video_fails(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    result = run(Answers(failing=True), monkeypatch, clip, "--out", out)
    assert "no room left" in str(result.exception)
    assert {path.name for path in out.iterdir()} == {"events.json", "events.txt", "events.vtt"}
