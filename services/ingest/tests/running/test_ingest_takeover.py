"""Several instances, and instances that die: every record is there, in order."""

import signal
import uuid

import pytest
from confluent_kafka.admin import AdminClient
from spoton_schemas.records import CommandName
from spoton_schemas.topics import FRAMES

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("ingest", "detector")]


def test_a_second_instance_takes_over_cameras_in_the_middle(line, cameras, video, start_ingest, stack):
    uri, tasks = video("long.mp4", 500), [str(uuid.uuid4()) for _ in range(3)]
    for task in tasks:
        for batch in (0, 1):
            line.send(*[cameras.segment(task, camera, batch, uri, last=batch == 1) for camera in ("c0", "c1")])
    line.wait(lambda: all(len(line.of(task, "c0")) > 20 for task in tasks))
    # Held meanwhile, so that there is work left when the second one has its partitions.
    line.send(*[cameras.command(task, CommandName.PAUSE) for task in tasks])
    second = start_ingest()
    line.wait(lambda: _partitions_held(stack) == [2, 2])
    assert not any(line.ended(task, "c0") for task in tasks)
    line.send(*[cameras.command(task, CommandName.RESUME) for task in tasks])
    line.wait(lambda: all(line.ended(task, "c0", "c1") for task in tasks), 90)
    for task in tasks:
        for camera in ("c0", "c1"):
            assert line.distinct_kinds(task, camera) == "<" + "." * 500 + "|" + "." * 500 + "|>"
    second.terminate()
    assert second.wait(20) == 0


def test_kill_and_restart_give_the_same_distinct_records(line, cameras, video, start_ingest, ingest):
    uri = video("long.mp4", 300)
    tasks = [str(uuid.uuid4()), str(uuid.uuid4())]

    def send(task):
        for batch in (0, 1, 2):
            line.send(*[cameras.segment(task, camera, batch, uri, last=batch == 2) for camera in ("c0", "c1")])

    send(tasks[0])
    line.wait(lambda: line.ended(tasks[0], "c0", "c1"))
    send(tasks[1])
    process = ingest
    for seen in (100, 450):
        line.wait(lambda seen=seen: len({f.global_frame_index for f in line.of(tasks[1], "c0")}) > seen)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process = start_ingest()
    line.wait(lambda: line.ended(tasks[1], "c0", "c1"), 90)

    def distinct(task, camera):
        records = [
            (FRAMES.position(f), f.kind, f.camera_frame_index, f.event_time_us, f.jpeg) for f in line.of(task, camera)
        ]
        return sorted(set(records), key=lambda r: r[0])

    for camera in ("c0", "c1"):
        assert distinct(tasks[0], camera) == distinct(tasks[1], camera)
        assert len(distinct(tasks[0], camera)) == 900 + 5
    assert len(line.of(tasks[1], "c0")) > 905  # it did say some again
    process.terminate()
    assert process.wait(20) == 0


def _partitions_held(stack):
    admin = AdminClient({"bootstrap.servers": stack.kafka_bootstrap})
    group = admin.describe_consumer_groups(["spoton-ingest"])["spoton-ingest"].result()
    return sorted(len(member.assignment.topic_partitions) for member in group.members)
