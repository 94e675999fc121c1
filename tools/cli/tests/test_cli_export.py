"""`spoton export` without a stack: what it asks the gateway for, and what it says of a refusal."""

import io
import zipfile
from pathlib import Path

import httpx
import pytest
from spoton_cli import exporting
from spoton_cli.app import app
from spoton_cli.gateway import Gateway
from typer.testing import CliRunner, Result

NOW = {"format": "mot", "identities": "revised"}


class Answers:
    """Answers as a gateway would; knows nothing of the future."""

    def __init__(self) -> None:
        self.asked: dict[str, str] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked = dict(request.url.params)
        if self.asked.get("as_of_revision") == "9":
            return httpx.Response(422, json={"detail": "as_of_revision 9 is not known: the newest is 5"})
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr("c0.txt", "1,1,0,0,10,10,1,-1,-1,-1\n")
        return httpx.Response(200, content=content.getvalue())


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    answers = Answers()

    def of_local_stack() -> Gateway:
        gateway = Gateway("http://gateway")
        gateway._client = httpx.Client(base_url=gateway.url, transport=httpx.MockTransport(answers))
        return gateway

    monkeypatch.setattr(exporting.Gateway, "of_local_stack", of_local_stack)
    return answers


def export(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["export", "TASK", "--out", str(folder), *options])


@pytest.mark.parametrize(
    ("options", "parameters"),
    [
        ((), {}),
        (("--as-of", "2026-11-21T15:04:05+01:00"), {"as_of": "2026-11-21T15:04:05+01:00"}),
        (("--as-of-revision", "0"), {"as_of_revision": "0"}),
        (("--as-of-tick", "120", "--format", "csv"), {"as_of_tick": "120", "format": "csv"}),
    ],
)
def test_it_asks_for_what_was_known_then(
    tmp_path: Path, answers: Answers, options: tuple[str, ...], parameters: dict[str, str]
) -> None:
    result = export(tmp_path, *options)
    assert (result.exit_code, result.stdout.split()) == (0, [str(tmp_path / "c0.txt")])
    assert answers.asked == {**NOW, **parameters}
    assert (tmp_path / "c0.txt").read_text().startswith("1,1,")


@pytest.mark.usefixtures("answers")
def test_a_refusal_is_said_and_nothing_is_written(tmp_path: Path) -> None:
    result = export(tmp_path / "out", "--as-of-revision", "9")
    assert result.exit_code != 0
    assert "the newest is 5" in (result.stderr or str(result.exception))
    assert not (tmp_path / "out").exists()
