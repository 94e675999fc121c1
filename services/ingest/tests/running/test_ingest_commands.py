"""Commands: pause, resume and stop, early and late."""

import uuid

import pytest
from spoton_schemas.records import CommandName, Kind, Outcome, StatusKind

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("ingest", "detector")]


def test_pause_resume_and_stop(line, cameras, video, detector):
    """Without reports of a detector 64 frames may lie ahead; each report lets some more through.

    The second camera's clock is ten ticks ahead, and it may not lead the first one's oldest frame by more.
    """
    task = str(uuid.uuid4())
    detector.blind_to.add(task)
    long_video = video("long.mp4", 400)
    line.send(*[cameras.segment(task, camera, 0, long_video, last=True) for camera in ("c0", "c1")])

    def count(camera):
        return sum(f.kind is Kind.FRAME for f in line.of(task, camera))

    line.wait(lambda: count("c0") == 64 and 55 <= count("c1") <= 64)
    line.send(cameras.command(task, CommandName.PAUSE))
    line.wait(lambda: bool(line.told(task, StatusKind.PAUSED)))
    before = count("c1")
    line.send(*[line.detected(task, camera, 63 + offset, 64) for camera, offset in (("c0", 0), ("c1", 10))])
    line.send(cameras.segment(other := str(uuid.uuid4()), "c0", 0, video("a.mp4"), last=True))
    line.wait(lambda: line.ended(other, "c0"))
    assert (count("c0"), count("c1")) == (64, before)
    line.send(cameras.command(task, CommandName.RESUME))
    line.wait(lambda: count("c0") == 64 + 192 and count("c1") >= before + 180)
    line.send(cameras.command(task, CommandName.STOP))
    line.wait(lambda: line.ended(task, "c0", "c1") and len(line.told(task, StatusKind.ENDED)) == 2)
    for camera in ("c0", "c1"):
        end = line.of(task, camera)[-1]
        assert end.outcome is Outcome.STOPPED
        assert end.global_frame_index >= 256
    assert len(line.told(task, StatusKind.STOPPED)) == 1


def test_a_task_that_was_stopped_before_its_segments_ends_at_once(line, cameras, video):
    task = str(uuid.uuid4())
    line.send(cameras.command(task, CommandName.STOP))
    line.send(cameras.segment(task, "c0", 0, video("a.mp4"), last=True))
    line.wait(lambda: line.ended(task, "c0"))
    assert line.kinds(task, "c0") == "<>"
    assert line.of(task, "c0")[-1].outcome is Outcome.STOPPED
    line.wait(lambda: bool(line.told(task, StatusKind.STOPPED)))


def test_a_pause_that_is_read_before_the_segments_is_told_and_holds(line, cameras, video):
    task = str(uuid.uuid4())
    line.send(cameras.command(task, CommandName.PAUSE))
    line.send(cameras.segment(task, "c0", 0, video("a.mp4"), last=True))
    line.wait(lambda: bool(line.told(task, StatusKind.PAUSED)))
    assert not line.ended(task, "c0")
    line.send(cameras.command(task, CommandName.RESUME))
    line.wait(lambda: line.ended(task, "c0"))
