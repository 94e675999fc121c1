"""The state of one task becomes unreadable under each stage in turn: that task ends and says why, the others go on."""

import uuid
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition
from spoton_common.kafka.client import client_config
from spoton_common.kafka.producer import RecordProducer
from spoton_common.kafka.snapshots import Snapshot
from spoton_schemas.codec import Codec
from spoton_schemas.topics import state_topic

from tests.chaos.chaos import Chaos
from tests.chaos.faults import Run
from tests.chaos.fleet import Fleet, wait_for
from tests.chaos.material import Material
from tests.chaos.outcome import Outcome

pytestmark = [pytest.mark.integration, pytest.mark.chaos, pytest.mark.timeout(300)]

OF_STAGE = {
    "ingest": "ingest",
    "detector": "detector",
    "track": "reid",
    "associate": "reid",
    "mapper": "mapper",
    "events": "events",
}


@pytest.fixture(scope="module")
def material(fleet: Fleet) -> Material:
    fleet.start_servers()
    return Material(fleet.layout.data / "scene", fleet.layout, fleet.connections, seed=1)


@pytest.fixture(scope="module")
def chaos(fleet: Fleet, material: Material) -> Chaos:
    return Chaos(fleet, material, print)


@pytest.fixture(scope="module")
def undisturbed(chaos: Chaos) -> Outcome:
    return chaos.undisturbed(str(uuid.uuid4()))[0]


def in_the_middle(frames: dict[str, int]) -> bool:
    """Whether pictures have come out, and all first sub-videos have gone in: ingest would begin those again."""
    return frames.get("map-points", 0) > 0 and frames.get("frames", 0) > 80


def states(fleet: Fleet, stage: str, task_id: str) -> dict[bytes, Message]:
    """Return the newest record of each of a task's states."""
    return {m.key(): m for m in _records(fleet, state_topic(stage)) if m.key().startswith(task_id.encode())}


def _records(fleet: Fleet, topic: str) -> Iterator[Message]:
    settings = {"group.id": "unused", "enable.partition.eof": True, "enable.auto.commit": False}
    consumer = Consumer({**client_config(fleet.connections.kafka_bootstrap), **settings})
    numbers = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in numbers])
    ended = 0
    while ended < len(numbers):
        message = consumer.poll(10)
        assert message is not None
        if message.error() is None:
            yield message
        else:
            ended += 1
    consumer.close()


def spoil(fleet: Fleet, stage: str, task_id: str) -> int:
    """Replace what a stage remembers of a task by what no version can read; how many states it was."""
    producer = RecordProducer(fleet.connections.kafka_bootstrap, Codec.connect(fleet.connections.registry_url))
    found = [(m, Snapshot.from_bytes(m.value())) for m in states(fleet, stage, task_id).values()]
    found = [(message, snapshot) for message, snapshot in found if snapshot.state]
    for message, snapshot in found:
        value = replace(snapshot, state=b"rubbish").to_bytes()
        producer.send_bytes(state_topic(stage), message.key(), value, partition=message.partition())
    producer.flush()
    return len(found)


@pytest.mark.parametrize("stage", OF_STAGE)
def test_one_task_ends_and_says_why_and_the_other_is_as_undisturbed(
    fleet: Fleet, chaos: Chaos, material: Material, undisturbed: Outcome, stage: str
) -> None:
    lost, service = str(uuid.uuid4()), OF_STAGE[stage]
    address = f"{fleet.connections.gateway_url}/api/v1/processing-tasks/{lost}/status"
    with chaos.task(Run(0, str(uuid.uuid4()), ()), undisturbed) as result:
        material.start(lost)
        wait_for(lambda: in_the_middle(httpx.get(address).json().get("frames", {})), "pictures to come out")
        [instance] = fleet.instances(service)
        fleet.kill(instance)
        spoiled = spoil(fleet, stage, lost)
        fleet.start(service)
        wait_for(lambda: httpx.get(address).json()["status"] in ("COMPLETED", "FAILED"), "the end of the spoiled task")
    assert spoiled > 0
    assert result.problems == [f"{spoiled} dead letters"]
    found = httpx.get(address).json()
    print(f"\n{stage}: {found['status']}: {found['message']}")
    assert found["status"] == ("COMPLETED" if stage == "events" else "FAILED")
    assert f"{stage}: the state of '{lost}" in found["message"]
    assert "cannot be read" in found["message"]
