import json
import stat
import threading
from pathlib import Path

import pytest
from spoton_local import credentials
from spoton_local.connections import connections, connections_for
from spoton_local.credentials import Credentials
from spoton_local.errors import BadPort, NotReady, NotRunning, StartAborted, StateDirNotFound
from spoton_local.layout import Layout, find_state_dir, write_atomically
from spoton_local.plan import Plan, load_plan, make_plan, save_plan
from spoton_local.ports import read_ports
from spoton_local.services import SERVICES, ServiceProcess, thread_counts
from spoton_local.waiting import wait_until

PASSWORDS = Credentials(postgres="pg-secret", redis="redis-secret")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / ".local")
    layout.create()
    return layout


# Ports


def test_ports_follow_the_base() -> None:
    ports = read_ports({"SPOTON_LOCAL_PORT_BASE": "21000"})
    assert (ports.kafka, ports.registry, ports.sink) == (21000, 21002, 21011)


def test_one_port_can_be_set_alone() -> None:
    ports = read_ports({"SPOTON_LOCAL_GATEWAY_PORT": "8080"})
    assert (ports.gateway, ports.kafka) == (8080, 19400)


def test_remembered_ports_stay_unless_a_setting_says_otherwise() -> None:
    remembered = read_ports({"SPOTON_LOCAL_PORT_BASE": "21000"})
    assert read_ports({}, remembered) == remembered
    assert read_ports({"SPOTON_LOCAL_REDIS_PORT": "7000"}, remembered).kafka == 21000
    assert read_ports({"SPOTON_LOCAL_PORT_BASE": "22000"}, remembered).kafka == 22000


@pytest.mark.parametrize("text", ["", "kafka", "-1", "80", "65530", "19400.5"])
def test_a_bad_base_is_named(text: str) -> None:
    with pytest.raises(BadPort, match="SPOTON_LOCAL_PORT_BASE="):
        read_ports({"SPOTON_LOCAL_PORT_BASE": text})


def test_two_components_on_one_port_are_refused_by_name() -> None:
    with pytest.raises(BadPort, match="kafka and redis would share port 19400"):
        read_ports({"SPOTON_LOCAL_REDIS_PORT": "19400"})


# The plan


def test_a_plan_survives_saving(layout: Layout) -> None:
    plan = Plan(ports=read_ports({}), detector_model="yolo11n.pt")
    save_plan(layout, plan)
    assert load_plan(layout) == plan


def test_the_plan_of_another_version_is_not_used(layout: Layout) -> None:
    layout.plan.write_text(json.dumps({"ports": {"kafka": 1}, "detector_model": None, "embedder_model": None}))
    assert load_plan(layout) is None


def test_model_choices_argument_then_setting_then_remembered() -> None:
    remembered = Plan(ports=read_ports({}), detector_model="old", embedder_model="old")
    environ = {"SPOTON_DETECTOR_MODEL": "set", "SPOTON_EMBEDDER_MODEL": "set"}
    assert make_plan(remembered, detector="given", embedder=None, environ=environ).detector_model == "given"
    assert make_plan(remembered, detector="given", embedder=None, environ=environ).embedder_model == "set"
    assert make_plan(remembered, detector=None, embedder=None, environ={}) == remembered


def test_a_relative_model_path_is_made_absolute_and_a_name_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.onnx").touch()
    plan = make_plan(None, detector="my.onnx", embedder="osnet", environ={})
    assert plan.detector_model == str(tmp_path / "my.onnx")
    assert plan.embedder_model == "osnet"


# Where things lie


def test_the_state_dir_is_in_the_checkout_above(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.uv.workspace]\nmembers = []\n")
    inner = tmp_path / "services" / "x"
    inner.mkdir(parents=True)
    (inner / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert find_state_dir(inner, {}) == tmp_path / ".local"
    assert find_state_dir(inner, {"SPOTON_LOCAL_DIR": "/somewhere"}) == Path("/somewhere")


def test_outside_a_checkout_the_setting_is_named(tmp_path: Path) -> None:
    with pytest.raises(StateDirNotFound, match="SPOTON_LOCAL_DIR"):
        find_state_dir(tmp_path, {})


def test_a_failed_write_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "new \ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


# Passwords


def test_passwords_are_generated_once_and_only_the_owner_reads_them(layout: Layout) -> None:
    first = credentials.load_or_create(layout)
    assert credentials.load_or_create(layout) == first
    assert stat.S_IMODE(layout.credentials.stat().st_mode) == 0o600
    assert len(first.postgres) >= 32
    assert first.postgres != first.redis


def test_shown_addresses_hold_no_password() -> None:
    addresses = connections_for(read_ports({}), PASSWORDS)
    assert "pg-secret" in addresses.as_environment()["SPOTON_DATABASE_URL"]
    assert addresses.as_environment()["SPOTON_REDIS_URL"] == "redis://default:redis-secret@127.0.0.1:19405/0"
    shown = f"{addresses} {addresses.as_public_dict()} {PASSWORDS}"
    assert "secret" not in shown
    assert addresses.as_public_dict()["database_url"] == "postgresql://spoton@127.0.0.1:19404/spoton"
    assert addresses.as_public_dict()["redis_url"] == "redis://default@127.0.0.1:19405/0"


def test_connections_of_a_stack_that_never_ran_are_refused(layout: Layout) -> None:
    with pytest.raises(NotRunning, match="spoton up"):
        connections(layout.root)


def test_connections_follow_the_plan(layout: Layout) -> None:
    save_plan(layout, Plan(ports=read_ports({"SPOTON_LOCAL_PORT_BASE": "21000"})))
    assert connections(layout.root).kafka_bootstrap == "127.0.0.1:21000"


# Services


def environment_of(name: str, layout: Layout) -> dict[str, str]:
    plan = Plan(ports=read_ports({}), detector_model="/models/d", embedder_model="/models/e")
    [service] = [service for service in SERVICES if service.name == name]
    process = ServiceProcess(service, layout, plan, connections_for(plan.ports, PASSWORDS))
    return dict(process.launch().environment)


def test_each_service_is_told_its_port_model_and_file_roots(layout: Layout) -> None:
    detector, reid, ingest = (environment_of(name, layout) for name in ("detector", "reid", "ingest"))
    assert detector["SPOTON_DETECTOR_MODEL"] == "/models/d"
    assert "SPOTON_EMBEDDER_MODEL" not in detector
    assert reid["SPOTON_EMBEDDER_MODEL"] == "/models/e"
    assert ingest["SPOTON_FILE_ROOTS_FILE"] == str(layout.root / "file-roots.txt")
    assert "SPOTON_FILE_ROOTS_FILE" not in reid
    assert len({service["SPOTON_HTTP_PORT"] for service in (detector, reid, ingest)}) == 3


@pytest.mark.parametrize(("cores", "expected"), [(1, "1"), (2, "1"), (8, "4")])
def test_model_services_share_the_cores(cores: int, expected: str) -> None:
    assert thread_counts(True, cores)["OMP_NUM_THREADS"] == expected
    assert thread_counts(False, cores)["OMP_NUM_THREADS"] == "1"


# Waiting


def refuse() -> None:
    raise NotReady("connection refused")


def test_waiting_ends_at_the_deadline_with_the_last_refusal() -> None:
    times = iter([0.0, 1.0, 31.0])
    with pytest.raises(NotReady, match="kafka is not ready after 30 s: connection refused"):
        wait_until(refuse, what="kafka", timeout_s=30, clock=lambda: next(times))


def test_waiting_ends_when_another_component_failed() -> None:
    aborted = threading.Event()
    aborted.set()
    with pytest.raises(StartAborted, match="kafka"):
        wait_until(refuse, what="kafka", timeout_s=30, aborted=aborted)
