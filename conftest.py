"""Fixtures for every package: the real servers, started once a test session."""

import os
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from spoton_local import Connections, Layout, stack
from spoton_local.ports import BASE_VARIABLE, Ports, is_free
from xdist.scheduler import LoadScopeScheduling

CHECKOUT = Path(__file__).parent
REUSE = os.environ.get("SPOTON_TEST_STACK") == "reuse"


_PORTS = range(20000, 32000)  # below the ephemeral ones
_BLOCK = 20


def _free_port_base() -> int:
    """Return a base whose whole block is free, and stays so: of the blocks that are this worker's own."""
    count = len(fields(Ports))
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    own = _PORTS[worker * _BLOCK :: workers * _BLOCK]
    while True:
        base = random.choice(own)  # noqa: S311 - any will do
        if all(is_free(base + offset) for offset in range(count)):
            return base


class ByServers(LoadScopeScheduling):
    """Keeps on one worker what shares servers: the tests of a file, and all those of the line."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "line" if file.startswith("tests/test_e2e_") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByServers:
    """Choose how tests are spread over workers."""
    return ByServers(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, where there are several workers: the line, and what is killed."""
    if os.environ.get("PYTEST_XDIST_WORKER"):
        items.sort(key=lambda item: item.path.parent not in (CHECKOUT / "tests", CHECKOUT / "tests" / "chaos"))


@pytest.fixture(scope="session")
def free_port_base() -> Callable[[], int]:
    """Find a block of free loopback ports."""
    return _free_port_base


@pytest.fixture(scope="session", name="stack")
def running_stack(worker_id: str) -> Iterator[Connections]:
    """Start Kafka, the schema registry, PostgreSQL and Redis, empty, and stop them at the end; each worker its own.

    With SPOTON_TEST_STACK=reuse they stay up, data included, and the next session takes them over: use own names
    for topics, schemas and tables.
    """
    layout = Layout(CHECKOUT / ".local" / f"test-stack-{worker_id}")
    if REUSE and stack.is_running(layout):
        yield stack.up(layout, servers_only=True, environ={})
        return
    stack.down(layout)
    shutil.rmtree(layout.root)
    yield stack.up(layout, servers_only=True, environ={BASE_VARIABLE: str(_free_port_base())})
    if not REUSE:
        stack.down(layout)
