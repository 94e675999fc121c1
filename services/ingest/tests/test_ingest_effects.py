"""The order in which ingest's effects reach the broker: a kill between any two of them must lose nothing."""

import threading
from dataclasses import replace

import pytest
from spoton_ingest.camera import Camera, Finished
from spoton_ingest.chain import Chain, first_chain
from spoton_ingest.commands import CommandTable
from spoton_ingest.holdings import Holdings
from spoton_ingest.job import JpegOptions
from spoton_ingest.traffic import Traffic
from spoton_ingest.workshop import Workshop
from spoton_schemas.records import Command, CommandName, Frame, Scene, SceneCamera, Segment, StatusKind, TaskStatus

SEGMENT = Segment(task_id="t", environment_id="e", camera_id="c0", sub_video_batch_index=0, uri="file:///none")


class Effects:
    """A sink that notes what it is told, in order."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.states: list[tuple[int, int]] = []

    def frame(self, record: Frame, _trace: bytes | None = None) -> None:
        self.told.append(record.kind.value)

    def status(self, status: TaskStatus) -> None:
        self.told.append(f"status {status.kind.value}")

    def state(self, chain: Chain, _partition: int, offset: int) -> None:
        self.told.append("state of the end" if chain.ended else "state")
        self.states.append((chain.reserved_tick, offset))

    def flush(self) -> None:
        self.told.append("flush")


@pytest.fixture
def effects() -> Effects:
    return Effects()


@pytest.fixture
def shop(effects: Effects) -> Workshop:
    return Workshop(
        sink=effects,
        videos=None,  # type: ignore[arg-type] # no video is fetched here
        traffic=Traffic(),
        slots=threading.Semaphore(1),
        options=JpegOptions(),
        failed=pytest.fail,
    )


@pytest.fixture
def chain() -> Chain:
    return first_chain(SEGMENT, Scene("e", "Test", 10.0, (SceneCamera("c0"),)), 0)


def command(name: CommandName, command_id: str) -> Command:
    return Command(task_id="t", environment_id="e", command_id=command_id, command=name)


def test_that_a_camera_is_through_is_told_before_its_state_says_so(
    effects: Effects, shop: Workshop, chain: Chain
) -> None:
    holdings = Holdings(shop)
    holdings.take_over(0, {})
    holdings.open(chain, 0, 0)
    shop.traffic.command(command(CommandName.STOP, "1"))
    [camera] = holdings.cameras()
    camera.wake()
    camera.join(10)
    holdings.collect([0])
    assert effects.told == ["START", "END_OF_TASK", "status ENDED", "flush", "state of the end", "flush"]


def test_the_state_after_a_sub_video_does_not_replace_the_one_with_which_the_next_has_begun(
    effects: Effects, shop: Workshop, chain: Chain
) -> None:
    camera = Camera(chain, 0, 0, shop)
    reserved = replace(chain, next_batch=1, next_tick=10, reserved_tick=20)
    camera.save_begun(reserved, 5)
    camera.save_finished(Finished([4], replace(reserved, reserved_tick=10), 5))
    assert effects.states == [(20, 5)]
    camera.save_finished(Finished([5], replace(reserved, next_batch=2, next_tick=20), 6))
    assert effects.states == [(20, 5), (20, 6)]


@pytest.mark.parametrize(
    ("commands", "effect"),
    [
        ([], None),
        ([CommandName.FOCUS], None),
        ([CommandName.PAUSE], StatusKind.PAUSED),
        ([CommandName.PAUSE, CommandName.RESUME], StatusKind.RESUMED),
        ([CommandName.PAUSE, CommandName.STOP], StatusKind.STOPPED),
    ],
)
def test_whoever_takes_over_knows_what_commands_made_of_a_task(
    commands: list[CommandName], effect: StatusKind | None
) -> None:
    table = CommandTable()
    for number, name in enumerate(commands):
        table.take(command(name, str(number)))
    assert table.in_force("t") is effect
    assert table.in_force("other") is None
