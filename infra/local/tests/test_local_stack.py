"""The real servers: start, crash, start again, stop."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import psutil
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from redis import Redis
from spoton_local import Connections, Layout, connections, credentials, stack
from spoton_local.errors import NotReady, ProcessDied
from spoton_local.layout import read_json
from spoton_local.plan import load_plan
from spoton_local.ports import BASE_VARIABLE
from spoton_local.postgres import Postgres
from spoton_local.processes import Processes, State, session_members
from spoton_local.services import Service
from spoton_local.waiting import wait_until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

CHECKOUT = Path(__file__).parents[3]
FAKE_SERVICE = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()
print(os.environ.get("SPOTON_DETECTOR_MODEL"), flush=True)
http.server.HTTPServer(("127.0.0.1", int(os.environ["SPOTON_HTTP_PORT"])), Handler).serve_forever()
"""
DYING_SERVICE = "raise SystemExit('the weights are missing')\n"


@pytest.fixture(scope="module")
def layout() -> Iterator[Layout]:
    """A state folder of its own, in the checkout: pytest's own are closed to PostgreSQL's account."""
    base = CHECKOUT / ".local"
    base.mkdir(exist_ok=True)
    layout = Layout(Path(tempfile.mkdtemp(dir=base, prefix="crash-test-")))
    yield layout
    stack.down(layout)
    shutil.rmtree(layout.root)


@pytest.fixture(scope="module")
def servers(layout: Layout, free_port_base: Callable[[], int]) -> Connections:
    """Running servers, after an `up` that was killed in the middle of its work."""
    environ = {BASE_VARIABLE: str(free_port_base())}
    command = (sys.executable, "-m", "spoton_cli", "up", "--servers-only")
    environment = {**os.environ, **environ, "SPOTON_LOCAL_DIR": str(layout.root)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as killed:

        def kafka_is_recorded() -> None:
            if not (layout.run / "kafka.json").exists():
                raise NotReady("no pid file")

        wait_until(kafka_is_recorded, what="Kafka's process", timeout_s=60)
        killed.kill()
    return stack.up(layout, servers_only=True, environ=environ)


@pytest.fixture(scope="module")
def fake_services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("modules")
    (folder / "fake_service.py").write_text(FAKE_SERVICE)
    (folder / "dying_service.py").write_text(DYING_SERVICE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(folder))
        yield folder


def pids(layout: Layout) -> dict[str, int]:
    processes = Processes(layout)
    running = {path.stem: processes.running(path.stem) for path in layout.run.glob("*.json")}
    return {name: record.pid for name, record in running.items() if record is not None}


def all_processes(layout: Layout) -> list[psutil.Process]:
    found = []
    for pid in pids(layout).values():
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            found += [process, *process.children(recursive=True)]
    return found


def test_a_killed_up_left_no_second_process(servers: Connections, layout: Layout) -> None:
    assert set(pids(layout)) == {"kafka", "registry", "postgres", "redis"}
    mine = str(layout.root)
    brokers = [p for p in psutil.process_iter(["cmdline"]) if mine in " ".join(p.info["cmdline"] or ())]
    known = {process.pid for process in all_processes(layout)}
    assert {process.pid for process in brokers} <= known
    assert connections(layout.root) == servers


def test_everything_listens_on_loopback_only(servers: Connections, layout: Layout) -> None:
    stored = read_json(layout.plan)
    assert stored is not None
    names = ("kafka", "kafka_controller", "registry", "registry_management", "postgres", "redis")
    listening = [
        connection.laddr
        for process in all_processes(layout)
        for connection in process.net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert {address.port for address in listening} == {stored["ports"][name] for name in names}
    assert {address.ip for address in listening} <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}
    assert servers.kafka_bootstrap.startswith("127.0.0.1:")


@pytest.mark.usefixtures("servers")
def test_sessions_that_create_the_same_database_at_once_all_find_it(layout: Layout) -> None:
    """What a killed `up` asked for may still be under way in the server when the next one asks for it too."""
    plan = load_plan(layout)
    assert plan is not None
    postgres = Postgres(layout, plan.ports, credentials.load_or_create(layout))
    with ThreadPoolExecutor(max_workers=4) as pool:
        for attempt in range(3):
            list(pool.map(postgres.create_database, [f"raced_{attempt}"] * 4))


@pytest.mark.usefixtures("servers")
def test_a_second_up_changes_nothing_and_is_quick(layout: Layout) -> None:
    before = pids(layout)
    began = time.monotonic()
    stack.up(layout, servers_only=True, environ={})
    assert pids(layout) == before
    assert time.monotonic() - began < 5


@pytest.mark.usefixtures("servers")
def test_secrets_are_in_no_command_line_and_no_readable_file(layout: Layout) -> None:
    stored = read_json(layout.credentials)
    assert stored is not None
    for secret in stored.values():
        assert not any(secret in " ".join(process.cmdline()) for process in all_processes(layout))
        for folder in (layout.config, layout.run, layout.logs):
            for path in folder.iterdir():
                assert secret not in path.read_text() or path.stat().st_mode & 0o077 == 0


async def run_sql(url: str, *statements: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return list(await connection.fetch(statements[-1]))
    finally:
        await connection.close()


def produce(servers: Connections, topic: str, value: bytes) -> None:
    producer = Producer({"bootstrap.servers": servers.kafka_bootstrap, "message.max.bytes": 8_000_000})
    producer.produce(topic, value)
    assert producer.flush(20) == 0


def consume(servers: Connections, topic: str) -> bytes:
    consumer = Consumer({"bootstrap.servers": servers.kafka_bootstrap, "group.id": "none"})
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        message = consumer.poll(20)
        assert message is not None
        assert message.error() is None
        return bytes(message.value() or b"")
    finally:
        consumer.close()


def test_data_survives_kill_9_of_every_server(servers: Connections, layout: Layout) -> None:
    frame = b"x" * 7_000_000
    admin = AdminClient({"bootstrap.servers": servers.kafka_bootstrap})
    admin.create_topics([NewTopic("crash", 1, 1)])["crash"].result(20)
    produce(servers, "crash", frame)
    schema = Schema(json.dumps({"type": "record", "name": "R", "fields": []}), "AVRO")
    schema_id = SchemaRegistryClient({"url": servers.registry_url}).register_schema("crash-value", schema)
    asyncio.run(run_sql(servers.database_url, "CREATE TABLE crash (v vector(2))", "INSERT INTO crash VALUES ('[1,2]')"))
    with Redis.from_url(servers.redis_url) as client:
        client.set("crash", "kept")

    killed = pids(layout)
    for pid in killed.values():
        os.kill(pid, signal.SIGKILL)

    assert stack.up(layout, servers_only=True, environ={BASE_VARIABLE: port_base(servers)}) == servers
    assert set(stack.status(layout).servers.values()) == {State.RUNNING}
    assert not set(killed.values()) & set(pids(layout).values())
    assert consume(servers, "crash") == frame
    assert SchemaRegistryClient({"url": servers.registry_url}).get_latest_version("crash-value").schema_id == schema_id
    [row] = asyncio.run(run_sql(servers.database_url, "SELECT v <-> '[1,2]' AS distance FROM crash"))
    assert row["distance"] == 0
    with Redis.from_url(servers.redis_url) as client:
        assert client.get("crash") == b"kept"


def port_base(servers: Connections) -> str:
    return servers.kafka_bootstrap.rpartition(":")[2]


@pytest.mark.usefixtures("servers", "fake_services")
def test_another_model_restarts_only_its_service(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack, "SCHEMAS_MODULE", "no_such_module")
    services = [
        Service("detector", "fake_service", model_variable="SPOTON_DETECTOR_MODEL"),
        Service("gateway", "fake_service"),
    ]
    stack.up(layout, services=services, environ={})
    first = pids(layout)
    stack.up(layout, services=services, environ={})
    assert pids(layout) == first

    stack.up(layout, services=services, detector="yolo11n.pt", environ={})
    second = pids(layout)
    assert {name for name in first if first[name] != second[name]} == {"detector"}
    assert Processes(layout).log_tail("detector").splitlines()[0] == "yolo11n.pt"
    assert dict(stack.status(layout, services).services) == {"detector": "running", "gateway": "running"}


@pytest.mark.usefixtures("servers", "fake_services")
def test_a_service_that_dies_at_start_fails_up_at_once_with_its_last_words(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack, "SCHEMAS_MODULE", "no_such_module")
    services = [Service("reid", "dying_service"), Service("mapper", "fake_service")]
    began = time.monotonic()
    with pytest.raises(ProcessDied, match=r"reid ended while starting(.|\n)*reid\.log(.|\n)*the weights are missing"):
        stack.up(layout, services=services, environ={})
    assert time.monotonic() - began < 20
    assert stack.status(layout, services).services["reid"] is State.FAILED
    assert stack.fallen(layout, services) == {"reid": Processes(layout).log_file("reid")}


@pytest.mark.usefixtures("servers")
def test_down_ends_every_process_and_keeps_the_data(layout: Layout) -> None:
    records = [Processes(layout).record(path.stem) for path in layout.run.glob("*.json")]
    everything = all_processes(layout)
    assert {"kafka", "registry", "postgres", "redis", "detector", "gateway"} <= set(stack.down(layout))
    assert [p for p in everything if p.is_running() and p.status() != psutil.STATUS_ZOMBIE] == []
    assert [member for record in records if record for member in session_members(record)] == []
    assert list(layout.run.iterdir()) == []
    assert (layout.data / "kafka" / "meta.properties").exists()
    assert set(stack.status(layout).servers.values()) == {State.STOPPED}
    assert stack.down(layout) == []
