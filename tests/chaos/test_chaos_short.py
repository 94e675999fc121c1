"""Kills and absent servers, on a stack of their own; `make chaos` runs many more kills."""

import uuid

import httpx
import pytest

from tests.chaos.chaos import Chaos
from tests.chaos.faults import SERVICES, Fault, Kind, Run
from tests.chaos.fleet import Fleet, wait_for
from tests.chaos.material import Material
from tests.chaos.outcome import Outcome

pytestmark = pytest.mark.integration

_MOST_LINES = 25  # of a service that waits: what it says at its start, and a line a server


def unhealthy_parts(fleet: Fleet, service: str) -> dict[str, str]:
    """Return the parts of a service that are not well, and why."""
    [instance] = fleet.instances(service)
    components = instance.health().get("components", {})
    return {name: part["detail"] for name, part in components.items() if part["status"] != "healthy"}


def log_lines(fleet: Fleet, service: str) -> list[str]:
    [instance] = fleet.instances(service)
    return instance.log.read_text().splitlines()


@pytest.fixture(scope="module")
def chaos(fleet: Fleet) -> Chaos:
    fleet.start_servers()
    return Chaos(fleet, Material(fleet.layout.data / "scene", fleet.layout, fleet.connections, seed=1), print)


@pytest.fixture(scope="module")
def undisturbed(chaos: Chaos) -> Outcome:
    return chaos.undisturbed(str(uuid.uuid4()))[0]


def test_services_wait_for_servers_that_are_down_at_the_start(fleet: Fleet) -> None:
    for service in SERVICES:
        fleet.start(service)
    for service in SERVICES:
        wait_for(lambda s=service: "kafka" in unhealthy_parts(fleet, s), f"{service} to miss Kafka")  # type: ignore[misc]
        assert str(fleet.connections.kafka_bootstrap) in unhealthy_parts(fleet, service)["kafka"]
        wait_for(lambda s=service: "registry" in unhealthy_parts(fleet, s), f"{service} to miss the registry")  # type: ignore[misc]
        assert not fleet.instances(service)[0].is_ready()
    assert "database" in unhealthy_parts(fleet, "sink")
    assert "redis" in unhealthy_parts(fleet, "reid")
    answer = httpx.get(f"{fleet.connections.gateway_url}/api/v1/processing-tasks")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    for service in ("ingest", "mapper", "sink"):  # whoever waits can be stopped
        assert fleet.terminate(fleet.instances(service)[0]) == 0
        fleet.start(service)
    fleet.start_servers()
    fleet.wait_ready(SERVICES)
    for service in SERVICES:
        lines = log_lines(fleet, service)
        assert len(lines) < _MOST_LINES, "\n".join(lines)


def test_kills_leave_what_an_undisturbed_run_leaves(chaos: Chaos, undisturbed: Outcome) -> None:
    faults = (
        Fault(Kind.KILL, ("detector", "sink"), after_s=3.0, pause_s=0.5),
        Fault(Kind.KILL, ("ingest", "mapper", "gateway"), after_s=1.0, pause_s=0.0),
    )
    result = chaos.disturbed(Run(0, str(uuid.uuid4()), faults), undisturbed)
    assert result.problems == []
    assert result.connections > 1


def test_servers_that_go_away_in_the_middle_are_named_and_waited_for(
    fleet: Fleet, chaos: Chaos, undisturbed: Outcome
) -> None:
    with chaos.task(Run(1, str(uuid.uuid4()), ()), undisturbed) as result:
        wait_for(lambda: len(result.messages) > 20, "pictures to come out")
        for server in ("kafka", "postgres", "redis", "registry"):
            fleet.kill_server(server)
        for service in SERVICES:
            wait_for(lambda s=service: "kafka" in unhealthy_parts(fleet, s), f"{service} to miss Kafka")  # type: ignore[misc]
        wait_for(lambda: "database" in unhealthy_parts(fleet, "sink"), "the sink to miss its database")
        wait_for(lambda: "redis" in unhealthy_parts(fleet, "reid"), "reid to miss Redis")
        answer = httpx.get(f"{fleet.connections.gateway_url}/api/v1/processing-tasks", timeout=30)
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        fleet.start_servers()
    assert result.problems == []
