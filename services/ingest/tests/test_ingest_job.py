"""A camera's whole life without Kafka: real little videos, records in a list."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest
from spoton_common.storage import NotFound
from spoton_ingest.camera import Camera
from spoton_ingest.chain import Chain, first_chain
from spoton_ingest.job import JpegOptions
from spoton_ingest.traffic import Traffic
from spoton_ingest.workshop import Ticket, Workshop
from spoton_schemas.records import (
    Command,
    CommandName,
    Frame,
    Kind,
    Outcome,
    Scene,
    SceneCamera,
    Segment,
    StatusKind,
    TaskStatus,
)
from spoton_schemas.topics import FRAMES

MakeVideo = Callable[..., Path]


class Records:
    """A sink that remembers."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.statuses: list[TaskStatus] = []
        self.states: list[tuple[Chain, int]] = []
        self.on_frame: Callable[[Frame], None] = lambda _: None

    def frame(self, record: Frame, _trace: bytes | None = None) -> None:
        self.frames.append(record)
        self.on_frame(record)

    def status(self, status: TaskStatus) -> None:
        self.statuses.append(status)

    def state(self, chain: Chain, _partition: int, offset: int) -> None:
        self.states.append((Chain.from_bytes(chain.to_bytes()), offset))

    def flush(self) -> None:
        pass

    @property
    def story(self) -> str:
        letters = {Kind.START: "<", Kind.FRAME: ".", Kind.END_OF_SEGMENT: "|", Kind.END_OF_TASK: ">"}
        return "".join(letters[f.kind] for f in self.frames)

    @property
    def ticks(self) -> list[int]:
        return [f.global_frame_index for f in self.frames if f.kind is Kind.FRAME]

    @property
    def failures(self) -> list[str]:
        return [s.message or "" for s in self.statuses if s.kind is StatusKind.CAMERA_FAILED]


class Folder:
    """Videos of this machine; missing ones fail as storage's do."""

    def __init__(self) -> None:
        self.ahead: list[str] = []
        self.in_use = 0

    def fetch(self, segment: Segment) -> "Future[Path]":
        future: Future[Path] = Future()
        path = Path(unquote(segment.uri.removeprefix("file://")))
        if path.exists():
            self.in_use += 1
            future.set_result(path)
        else:
            future.set_exception(NotFound(f"{path.name} does not exist"))
        return future

    def prefetch(self, segment: Segment) -> "Future[Path | None]":
        self.ahead.append(segment.uri)
        return self.fetch(segment)  # type: ignore[return-value]

    def release(self, _path: Path) -> None:
        self.in_use -= 1


class World:
    """One camera, ``c0``, of a scene of two at 25 fps, with everything around it."""

    def __init__(self, fps: float = 25.0, offset_s: float = 0.0) -> None:
        self.scene = Scene("env", "Test", fps, (SceneCamera("c0", (), offset_s), SceneCamera("c1")))
        self.records = Records()
        self.folder = Folder()
        self.traffic = Traffic()
        self.errors: list[Exception] = []
        self.shop = Workshop(
            self.records, self.folder, self.traffic, threading.Semaphore(1), JpegOptions(), self.errors.append
        )
        self.camera = self.open(first_chain(self.segment(0, Path("/none")), self.scene, 0), 0)

    def open(self, chain: Chain, stands_for: int) -> Camera:
        return Camera(chain, 0, stands_for, self.shop)

    def segment(self, batch: int, path: Path, last: bool = False, start_time_s: float | None = None) -> Segment:
        return Segment(
            task_id="t",
            environment_id="env",
            camera_id="c0",
            sub_video_batch_index=batch,
            uri=path.as_uri(),
            last=last,
            start_time_s=start_time_s,
        )

    def run(self, *segments: Segment) -> None:
        # Queued before work begins, as when all are in the topic already.
        with self.shop.slots:
            for offset, segment in enumerate(segments):
                self.camera.enqueue(Ticket(segment, offset))
        self.settle()

    def settle(self) -> None:
        thread = self.camera._thread
        if thread is not None:
            thread.join(20)
        assert self.errors == []

    def command(self, name: CommandName, command_id: str = "1") -> None:
        self.traffic.command(Command(task_id="t", environment_id="env", command_id=command_id, command=name))


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def clip(make_video: MakeVideo) -> Path:
    """Ten frames, 0.4 s."""
    return make_video("clip.mp4", range(0, 400, 40))


def test_sub_videos_follow_each_other(world: World, clip: Path) -> None:
    world.run(world.segment(0, clip), world.segment(1, clip), world.segment(2, clip, last=True))
    assert world.records.story == "<" + ("." * 10 + "|") * 3 + ">"
    assert world.records.ticks == list(range(30))
    positions = [FRAMES.position(f) for f in world.records.frames]
    assert positions == sorted(set(positions))
    assert world.records.frames[-1].outcome is Outcome.COMPLETED
    assert world.camera.collect().offsets == [0, 1, 2]
    assert world.folder.ahead == [clip.as_uri()] * 2
    assert world.folder.in_use == 0
    assert world.camera.ended().frames_done == 30


def test_the_start_carries_scene_and_cameras(world: World, clip: Path) -> None:
    world.run(world.segment(0, clip, last=True))
    start = world.records.frames[0]
    assert start.start is not None
    assert start.start.scene == world.scene
    assert start.start.camera_ids == ("c0", "c1")
    assert start.global_frame_index == 0


def test_a_negative_clock_offset_is_the_origin_of_the_ticks(clip: Path) -> None:
    world = World(offset_s=-1.0)
    world.run(world.segment(0, clip, last=True))
    assert world.records.ticks == list(range(10))
    assert world.records.frames[1].event_time_us == -1_000_000


def test_start_time_overrides_the_chain(world: World, clip: Path) -> None:
    world.run(world.segment(0, clip), world.segment(1, clip, last=True, start_time_s=2.0))
    assert world.records.ticks == [*range(10), *range(50, 60)]
    assert [f.camera_frame_index for f in world.records.frames if f.kind is Kind.FRAME] == list(range(20))
    assert world.records.frames[11].global_frame_index == 10


def test_a_start_time_in_the_past_uses_no_tick_twice(world: World, clip: Path) -> None:
    world.run(world.segment(0, clip), world.segment(1, clip, last=True, start_time_s=0.2))
    assert world.records.ticks == [*range(10), *range(10, 15)]


def test_media_is_announced_with_its_exact_frames(make_video: MakeVideo) -> None:
    world = World(fps=10.0)
    world.run(world.segment(0, make_video("clip.mp4", range(0, 1000, 40)), last=True))
    (status,) = [s for s in world.records.statuses if s.kind is StatusKind.MEDIA_AVAILABLE]
    assert status.media is not None
    assert (status.media.start_global_frame_index, status.media.num_frames_in_sub_video) == (0, 10)
    assert status.media.sub_video_filename == "clip.mp4"
    assert world.records.ticks == list(range(10))


def test_a_missing_video_ends_the_camera(world: World, clip: Path) -> None:
    world.run(world.segment(0, clip.with_name("missing.mp4")), world.segment(1, clip, last=True))
    assert world.records.story == "<>"
    end = world.records.frames[-1]
    assert end.outcome is Outcome.FAILED
    assert end.error == "missing.mp4: missing.mp4 does not exist"
    assert world.records.failures == [end.error]
    assert world.camera.collect().offsets == [0, 1]
    assert world.folder.in_use == 0


def test_a_broken_video_before_one_with_a_start_time_is_left_out(world: World, clip: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"nothing")
    world.run(world.segment(0, clip), world.segment(1, broken), world.segment(2, clip, last=True, start_time_s=0.8))
    assert world.records.story == "<" + "." * 10 + "||" + "." * 10 + "|>"
    assert world.records.ticks == [*range(10), *range(20, 30)]
    assert "not a video" in world.records.failures[0]
    assert world.records.frames[-1].outcome is Outcome.COMPLETED


def test_a_broken_video_in_the_middle_ends_the_camera(world: World, clip: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"nothing")
    world.run(world.segment(0, clip), world.segment(1, broken), world.segment(2, clip, last=True))
    assert world.records.story == "<" + "." * 10 + "|>"
    assert world.records.frames[-1].outcome is Outcome.FAILED
    assert world.camera.collect().offsets == [0, 1, 2]


def test_a_truncated_last_video_fails_after_its_frames(world: World, truncated: Path) -> None:
    world.run(world.segment(0, truncated, last=True))
    assert 10 < world.records.story.count(".") < 50
    assert world.records.story.endswith(".>")
    assert world.records.frames[-1].outcome is Outcome.FAILED
    assert "ends after" in (world.records.frames[-1].error or "")
    assert "of 2.00 s" in world.records.failures[0]


def test_after_a_truncated_video_the_next_starts_where_it_should(world: World, truncated: Path, clip: Path) -> None:
    world.run(world.segment(0, truncated), world.segment(1, clip, last=True))
    assert world.records.ticks[-10:] == list(range(50, 60))
    segment_end = next(f for f in world.records.frames if f.kind is Kind.END_OF_SEGMENT)
    assert "ends after" in (segment_end.error or "")
    assert world.records.frames[-1].outcome is Outcome.COMPLETED


def test_a_stop_ends_behind_everything_planned(world: World, clip: Path) -> None:
    def stop_at_5(frame: Frame) -> None:
        if frame.global_frame_index == 5:
            world.command(CommandName.STOP)

    world.records.on_frame = stop_at_5
    world.run(world.segment(0, clip), world.segment(1, clip, last=True))
    assert world.records.story == "<" + "." * 6 + ">"
    end = world.records.frames[-1]
    assert (end.outcome, end.global_frame_index) == (Outcome.STOPPED, 10)
    assert world.camera.collect().offsets == [0, 1]


def test_a_stop_between_two_segments_ends_at_once(world: World, clip: Path) -> None:
    world.run(world.segment(0, clip))
    world.command(CommandName.STOP)
    world.camera.wake()
    world.settle()
    assert world.records.story == "<" + "." * 10 + "|>"
    assert world.records.frames[-1].global_frame_index == 10


def test_a_pause_holds_until_it_is_over(world: World, clip: Path) -> None:
    world.command(CommandName.PAUSE, "1")
    world.camera.enqueue(Ticket(world.segment(0, clip, last=True), 0))
    thread = world.camera._thread
    assert thread is not None
    while len(world.records.states) < 2:
        thread.join(0.01)
    assert world.records.story == "<"
    world.command(CommandName.PAUSE, "1")
    world.command(CommandName.RESUME, "2")
    world.settle()
    assert world.records.story == "<" + "." * 10 + "|>"


def test_the_detectors_lead_holds(world: World, make_video: MakeVideo) -> None:
    world.camera.enqueue(Ticket(world.segment(0, make_video("a.mp4", range(0, 4000, 40)), last=True), 0))
    thread = world.camera._thread
    assert thread is not None
    while len(world.records.ticks) < 64:
        thread.join(0.01)
    thread.join(0.1)
    assert len(world.records.ticks) == 64
    world.traffic.detected("t/c0", 63, 64)
    world.settle()
    assert len(world.records.ticks) == 100


def test_after_a_kill_the_same_records_come_again(world: World, clip: Path) -> None:
    segments = [world.segment(0, clip), world.segment(1, clip, last=True)]
    world.run(*segments)
    said = list(world.records.frames)
    # The state that was safe when segment 1 was in work, and the one when segment 0 was.
    for batch, skipped in ((1, 12), (0, 0)):
        chain, offset = next(s for s in world.records.states if s[1] == batch)
        again = World()
        again.camera = again.open(chain, offset)
        again.scene = replace(again.scene, name="Renamed meanwhile")
        for segment in segments[batch:]:
            again.camera.enqueue(Ticket(segment, segment.sub_video_batch_index))
        again.settle()
        assert again.records.frames == said[skipped:]


def test_the_scene_is_safe_before_the_first_record(world: World, clip: Path) -> None:
    safe: list[int] = []
    world.records.on_frame = lambda _: safe.append(len(world.records.states))
    world.run(world.segment(0, clip, last=True))
    assert safe[0] == 1
    assert world.records.states[0][0].start == world.records.frames[0].start


def test_a_stop_after_a_kill_ends_behind_what_was_said_before(world: World, clip: Path) -> None:
    world.run(world.segment(0, clip), world.segment(1, clip, last=True))
    said = FRAMES.position(world.records.frames[-3])
    chain = [state for state, offset in world.records.states if offset == 1][-1]
    again = World()
    again.camera = again.open(chain, 1)
    again.command(CommandName.STOP)
    again.camera.wake()
    again.settle()
    assert again.records.story == ">"
    assert FRAMES.position(again.records.frames[0]) > said


def test_an_abandoned_camera_stops_without_a_mark(world: World, clip: Path) -> None:
    def abandon(frame: Frame) -> None:
        if frame.global_frame_index == 5:
            world.traffic.abandon(["t/c0"])

    world.records.on_frame = abandon
    world.run(world.segment(0, clip, last=True))
    assert world.records.story == "<" + "." * 6
    assert world.camera.collect().offsets == []
    assert world.folder.in_use == 0


def test_repeated_segments_are_refused(world: World, clip: Path) -> None:
    world.run(world.segment(0, clip))
    assert not world.camera.enqueue(Ticket(world.segment(0, clip), 7))
