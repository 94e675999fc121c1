"""Servers that go away, without any: what is said, how often, and when it ends."""

import threading
import time
from collections.abc import Callable

import pytest
import structlog
from spoton_common import servers
from spoton_common.errors import ServerAway
from spoton_common.health import Health, State
from spoton_common.kafka.producer import RecordProducer
from spoton_common.servers import Patience, Server, watch_servers
from spoton_schemas.codec import Codec
from structlog.testing import capture_logs


class Flaky:
    """Fails so many times, then answers."""

    def __init__(self, failures: int) -> None:
        self.calls = 0
        self._failures = failures

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self._failures:
            raise ConnectionError("connection refused")
        return "answer"


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "_FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(servers, "_LONGEST_PAUSE_S", 0.005)
    monkeypatch.setattr(servers, "_LOOK_EVERY_S", 0.001)
    monkeypatch.setattr(servers, "_log", structlog.get_logger())


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline


def component(health: Health, name: str) -> tuple[object, object]:
    part = health.report()["components"][name]  # type: ignore[index]
    return part["status"], part["detail"]


def test_a_call_is_repeated_until_the_server_answers_and_the_log_says_so_twice() -> None:
    health, work = Health(), Flaky(failures=20)
    with capture_logs() as logs:
        assert Patience("track", threading.Event(), health).call("Kafka", work, ConnectionError) == "answer"
    assert work.calls == 21
    assert [(log["event"], log["server"]) for log in logs] == [
        ("waiting for a server", "Kafka"),
        ("the server answers again", "Kafka"),
    ]
    assert component(health, "track") == (State.HEALTHY, "")


def test_a_server_that_answers_at_once_is_not_spoken_of() -> None:
    with capture_logs() as logs:
        assert Patience("track", threading.Event(), Health()).call("Kafka", Flaky(0), ConnectionError) == "answer"
    assert logs == []


def test_while_it_waits_health_names_the_server_and_the_reason_and_a_stop_ends_it() -> None:
    health, stop, raised = Health(), threading.Event(), list[Exception]()

    def wait() -> None:
        try:
            Patience("sink", stop, health).call("Kafka at h:1", Flaky(10**9), ConnectionError)
        except ServerAway as error:
            raised.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    wait_until(lambda: "sink" in health.report()["components"])  # type: ignore[operator]
    assert component(health, "sink") == (State.UNHEALTHY, "waiting for Kafka at h:1: connection refused")
    stop.set()
    thread.join(5)
    assert "Kafka at h:1: connection refused" in str(raised[0])


def test_errors_of_another_kind_pass_at_once() -> None:
    work = Flaky(1)
    with pytest.raises(ConnectionError):
        Patience("track", threading.Event(), Health()).call("Kafka", work, ValueError)
    assert work.calls == 1


def test_watched_servers_are_told_of_when_they_go_and_when_they_are_back() -> None:
    health, stop, away = Health(), threading.Event(), threading.Event()

    def ask() -> None:
        if away.is_set():
            raise ServerAway("no answer from h:1")

    with capture_logs() as logs:
        thread = watch_servers({"registry": Server(ask, State.DEGRADED)}, health, stop)
        for _ in range(2):
            away.set()
            wait_until(lambda: health.report()["status"] == State.DEGRADED)
            assert component(health, "registry") == (State.DEGRADED, "no answer from h:1")
            away.clear()
            wait_until(lambda: health.report()["status"] == State.HEALTHY)
        stop.set()
        thread.join(5)
    assert [log["event"] for log in logs] == ["server away", "server back"] * 2


def test_a_full_queue_to_an_absent_broker_does_not_hold_up_a_stop() -> None:
    stop = threading.Event()
    stop.set()
    producer = RecordProducer("", Codec.connect("http://none"), stop=stop)

    def fill() -> None:
        for _ in range(30):
            producer.send_bytes("frames", b"k", b"x" * 8_000_000)

    with pytest.raises(ServerAway, match="queue"):
        fill()
