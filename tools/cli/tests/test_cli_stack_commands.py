import json
from pathlib import Path

import pytest
from spoton_cli import app as application
from spoton_cli.app import app, main
from spoton_local import stack
from spoton_local.layout import Layout
from spoton_local.plan import Plan, save_plan
from spoton_local.ports import read_ports
from spoton_local.processes import State
from typer.testing import CliRunner


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.setenv("SPOTON_LOCAL_DIR", str(tmp_path))
    layout = Layout(tmp_path)
    layout.create()
    return layout


def set_states(monkeypatch: pytest.MonkeyPatch, redis: State) -> None:
    states = stack.Status(servers={"kafka": State.RUNNING, "redis": redis}, services={"ingest": State.RUNNING})
    monkeypatch.setattr(stack, "status", lambda _layout: states)


def test_status_json_has_the_agreed_keys_and_no_password(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    save_plan(layout, Plan(ports=read_ports({})))
    set_states(monkeypatch, State.RUNNING)
    result = CliRunner().invoke(app, ["status", "--json"])
    shown = json.loads(result.stdout)
    assert result.exit_code == 0
    assert shown == {
        "kafka_bootstrap": "127.0.0.1:19400",
        "registry_url": "http://127.0.0.1:19402/apis/ccompat/v7",
        "gateway_url": "http://127.0.0.1:19406",
        "database_url": "postgresql://spoton@127.0.0.1:19404/spoton",
        "redis_url": "redis://default@127.0.0.1:19405/0",
        "services": {"ingest": "running"},
        "servers": {"kafka": "running", "redis": "running"},
    }


@pytest.mark.parametrize("state", [State.STARTING, State.STOPPED, State.FAILED])
def test_status_fails_unless_all_run(layout: Layout, monkeypatch: pytest.MonkeyPatch, state: State) -> None:
    set_states(monkeypatch, state)
    result = CliRunner().invoke(app, ["status"])
    assert result.exit_code == 1
    assert state in result.stdout
    assert layout.root.exists()


def test_status_of_a_stack_that_never_ran_shows_everything_stopped(layout: Layout) -> None:
    result = CliRunner().invoke(app, ["status", "--json"])
    shown = json.loads(result.stdout)
    assert result.exit_code == 1
    assert set(shown["servers"].values()) | set(shown["services"].values()) == {"stopped"}
    assert set(shown["services"]) == {"ingest", "detector", "reid", "mapper", "events", "gateway", "sink", "videos"}
    assert not layout.plan.exists()


def test_an_error_of_the_stack_is_a_message_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SPOTON_LOCAL_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(application.sys, "argv", ["spoton", "status"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert "error:" in capsys.readouterr().err
