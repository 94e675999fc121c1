"""What cameras send: all of their pictures in order, and a clear word where there are none."""

import os
import subprocess
import sys
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition
from spoton_schemas.records import Kind, Outcome, StatusKind
from spoton_schemas.topics import DEAD_LETTERS, SEGMENTS

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("ingest", "detector")]


def test_two_cameras_of_two_sub_videos_give_exactly_their_frames(line, cameras, video):
    task = str(uuid.uuid4())
    for batch in (0, 1):
        for camera in ("c0", "c1"):
            line.send(cameras.segment(task, camera, batch, video("a.mp4"), last=batch == 1))
    line.wait(lambda: line.ended(task, "c0", "c1") and len(line.told(task, StatusKind.ENDED)) == 2)
    for camera, first in (("c0", 0), ("c1", 10)):
        frames = line.of(task, camera)
        assert line.kinds(task, camera) == "<" + "." * 20 + "|" + "." * 20 + "|>"
        pictures = [f for f in frames if f.kind is Kind.FRAME]
        assert [f.global_frame_index for f in pictures] == list(range(first, first + 40))
        assert [f.camera_frame_index for f in pictures] == list(range(40))
        assert [f.event_time_us for f in pictures] == [40_000 * (first + i) for i in range(40)]
        assert [f.sub_video_batch_index for f in pictures] == [0] * 20 + [1] * 20
        assert all(f.jpeg and (f.image_width, f.image_height) == (64, 48) for f in pictures)
        assert [f.global_frame_index for f in frames if f.kind is Kind.END_OF_SEGMENT] == [first + 20, first + 40]
        assert frames[-1].outcome is Outcome.COMPLETED
        assert frames[0].start is not None
        assert frames[0].start.scene == cameras.scene
        assert frames[0].start.camera_ids == ("c0", "c1")
    media = [s.media for s in line.told(task, StatusKind.MEDIA_AVAILABLE) if s.camera_id == "c1"]
    assert [(m.start_global_frame_index, m.num_frames_in_sub_video, m.last) for m in media if m] == [
        (10, 20, False),
        (30, 20, True),
    ]
    assert {s.frames_done for s in line.told(task, StatusKind.ENDED)} == {40}


def test_the_producer_in_the_readme_works(line, cameras, video, stack):
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    code = readme.split("```python\n")[1].split("```")[0]
    uri = video("c0.mp4")
    code = code.replace("terrace1", cameras.scene.environment_id).replace('f"file:///videos/{camera}.mp4"', repr(uri))
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, **stack.as_environment()})

    def tasks() -> set[str]:
        return {f.task_id for f in line.frames if f.environment_id == cameras.scene.environment_id}

    line.wait(lambda: any(line.ended(task, "c0", "c1") for task in tasks()))
    (task,) = tasks()
    assert line.kinds(task, "c0") == "<" + "." * 20 + "|>"


def test_video_from_object_storage(line, cameras, make_video, s3):
    import boto3  # slow to import

    client = boto3.client(
        "s3", endpoint_url=s3, region_name="us-east-1", aws_access_key_id="key", aws_secret_access_key="secret"
    )
    client.create_bucket(Bucket="videos")
    path = make_video("a.mp4", range(0, 800, 40))
    for batch in (0, 1):
        client.upload_file(str(path), "videos", f"c0/{batch}.mp4")
    task = str(uuid.uuid4())
    line.send(
        *[cameras.segment(task, "c0", b, f"s3://videos/c0/{b}.mp4", last=b == 1) for b in (0, 1)],
        cameras.segment(task, "c1", 0, "s3://videos/missing.mp4", last=True),
    )
    line.wait(lambda: line.ended(task, "c0", "c1"))
    assert line.kinds(task, "c0") == "<" + "." * 20 + "|" + "." * 20 + "|>"
    assert "no such object" in (line.of(task, "c1")[-1].error or "")


def test_a_broken_camera_does_not_stop_the_other(line, cameras, video):
    task = str(uuid.uuid4())
    line.send(
        cameras.segment(task, "c0", 0, "file:///nowhere/a.mp4", last=True),
        cameras.segment(task, "c1", 0, video("a.mp4"), last=True),
    )
    line.wait(lambda: line.ended(task, "c0", "c1") and bool(line.told(task, StatusKind.CAMERA_FAILED)))
    broken = line.of(task, "c0")
    assert line.kinds(task, "c0") == "<>"
    assert broken[-1].outcome is Outcome.FAILED
    assert "outside" in (broken[-1].error or "")
    assert line.kinds(task, "c1") == "<" + "." * 20 + "|>"
    (failed,) = line.told(task, StatusKind.CAMERA_FAILED)
    assert failed.camera_id == "c0"
    assert failed.message == broken[-1].error


def test_unknown_environments_and_cameras_are_told_and_set_aside(line, cameras, video, stack):
    task, lost = str(uuid.uuid4()), str(uuid.uuid4())
    line.send(
        replace(cameras.segment(lost, "c0", 0, video("a.mp4"), last=True), environment_id="no-such"),
        cameras.segment(task, "c9", 0, video("a.mp4"), last=True),
        cameras.segment(task, "c0", 0, video("a.mp4"), last=True),
    )
    line.wait(
        lambda: (
            line.ended(task, "c0")
            and bool(line.told(lost, StatusKind.CAMERA_FAILED) and line.told(task, StatusKind.CAMERA_FAILED))
        )
    )
    assert line.told(lost, StatusKind.CAMERA_FAILED)[0].message == "environment 'no-such' is not registered"
    assert "has no camera 'c9'" in (line.told(task, StatusKind.CAMERA_FAILED)[0].message or "")
    assert line.of(lost, "c0") == line.of(task, "c9") == []
    reasons = {headers["spoton-reason"] for key, headers in _dead_letters(stack) if key in (f"{lost}/c0", f"{task}/c9")}
    assert reasons == {"unknown_environment", "unknown_camera"}


def test_repeated_segments_and_unreadable_records_change_nothing(line, cameras, video):
    task, uri = str(uuid.uuid4()), video("a.mp4")
    first, last = (cameras.segment(task, "c0", batch, uri, last=batch == 1) for batch in (0, 1))
    line.send(first, first)
    line.send_bytes(SEGMENTS.name, SEGMENTS.key(first), b"this is no Avro")
    line.send(first, last, last)
    line.wait(lambda: line.ended(task, "c0"))
    assert line.kinds(task, "c0") == "<" + "." * 20 + "|" + "." * 20 + "|>"


def _dead_letters(stack):
    consumer = Consumer({"bootstrap.servers": stack.kafka_bootstrap, "group.id": "unused", "enable.auto.commit": False})
    partition = TopicPartition(DEAD_LETTERS, 0, 0)
    _, end = consumer.get_watermark_offsets(partition, 10)
    consumer.assign([partition])
    messages = []
    while len(messages) < end:
        messages += [m for m in consumer.consume(100, 1) if m.error() is None]
    consumer.close()
    return [
        (
            (m.key() or b"").decode(errors="replace"),
            {k: (v or b"").decode(errors="replace") for k, v in m.headers() or []},
        )
        for m in messages
    ]
