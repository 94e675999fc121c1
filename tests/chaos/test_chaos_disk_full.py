"""The disk of all servers runs full under a task; there is room again later. Needs the right to mount a tmpfs."""

import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from spoton_local import Layout, stack

from tests.chaos.chaos import Chaos
from tests.chaos.faults import SERVICES, Run
from tests.chaos.fleet import Fleet, wait_for
from tests.chaos.material import Material

pytestmark = [pytest.mark.integration, pytest.mark.chaos, pytest.mark.timeout(900)]

CHECKOUT = Path(__file__).parents[2]
_DISK = "900m"


@pytest.fixture
def small_disk(free_port_base: Callable[[], int]) -> Iterator[Fleet]:
    """Prepare a stack whose servers keep their data on a small file system of its own."""
    layout = Layout(CHECKOUT / ".local" / "test-chaos-disk")
    stack.down(layout)
    shutil.rmtree(layout.root)
    layout.create()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_DISK}", "tmpfs", layout.data], check=False)
    if mounted.returncode:
        pytest.skip("no right to mount")
    fleet = Fleet(layout, free_port_base())
    try:
        yield fleet
    finally:
        fleet.stop()
        subprocess.run(["umount", "--lazy", layout.data], check=True)


def fill(folder: Path) -> Path:
    """Take all the room that is left, while others write too."""
    junk = folder / "junk"
    with junk.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(1 << 20))
    return junk


def not_well(fleet: Fleet, service: str, part: str) -> bool:
    components = fleet.instances(service)[0].health().get("components", {})
    return bool(components.get(part, {}).get("status", "healthy") != "healthy")


def test_a_full_disk_is_told_of_and_nothing_is_lost_once_there_is_room(small_disk: Fleet) -> None:
    fleet = small_disk
    fleet.start_servers()
    chaos = Chaos(fleet, Material(fleet.layout.root / "scene", fleet.layout, fleet.connections, seed=1), print)
    expected, _ = chaos.undisturbed(str(uuid.uuid4()))
    with chaos.task(Run(0, str(uuid.uuid4()), ()), expected) as result:
        wait_for(lambda: len(result.messages) > 20, "pictures to come out")
        junk = fill(fleet.layout.data)
        wait_for(lambda: not_well(fleet, "sink", "database") or not_well(fleet, "sink", "kafka"), "the sink to notice")
        fleet.raise_if_crashed()
        junk.unlink()
        fleet.start_servers()
    assert result.problems == []
    fleet.wait_ready(SERVICES)
