"""A stack of the harness's own, whose servers and services can be killed."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from spoton_local import Layout, stack

from tests.chaos.fleet import Fleet

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def fleet(free_port_base: Callable[[], int]) -> Iterator[Fleet]:
    """Prepare a stack of which nothing runs, and stop at the end whatever runs then."""
    layout = Layout(CHECKOUT / ".local" / "test-chaos")
    stack.down(layout)
    shutil.rmtree(layout.root)
    fleet = Fleet(layout, free_port_base())
    try:
        yield fleet
    finally:
        fleet.stop()
