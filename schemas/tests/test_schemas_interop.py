"""Records on a real broker and registry, read and written by Confluent's own classes."""

import uuid

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from spoton_local import Connections
from spoton_schemas import apply
from spoton_schemas.codec import Codec
from spoton_schemas.errors import IncompatibleSchema
from spoton_schemas.records import Segment
from spoton_schemas.topics import SEGMENTS, TOPICS, topic_settings

pytestmark = pytest.mark.integration

CONTEXT = SerializationContext("segments", MessageField.VALUE)


@pytest.fixture(scope="module")
def registry(stack: Connections) -> SchemaRegistryClient:
    return SchemaRegistryClient({"url": stack.registry_url})


def segment() -> Segment:
    task = str(uuid.uuid4())
    return Segment(
        task_id=task, environment_id="nowhere", camera_id="c0", sub_video_batch_index=0, uri="s3://b/k.mp4", last=True
    )


def test_confluents_deserializer_reads_what_we_write(registry: SchemaRegistryClient) -> None:
    written = segment()
    data = Codec(registry).encode(SEGMENTS, written)
    read = AvroDeserializer(registry)(data, CONTEXT)
    assert read["task_id"] == written.task_id
    assert (read["uri"], read["start_time_s"], read["camera_ids"]) == ("s3://b/k.mp4", None, [])


def test_we_read_what_confluents_serializer_writes_with_its_own_schema(registry: SchemaRegistryClient) -> None:
    registered = registry.get_latest_version("segments-value").schema
    serialize = AvroSerializer(registry, registered, conf={"auto.register.schemas": False})
    theirs = {"task_id": "t", "environment_id": "e", "camera_id": "c0", "sub_video_batch_index": 1, "uri": "file:///v"}
    read = Codec(registry).decode(SEGMENTS, serialize(theirs, CONTEXT))
    assert read == Segment(task_id="t", environment_id="e", camera_id="c0", sub_video_batch_index=1, uri="file:///v")


def test_any_producer_lands_where_ours_does(stack: Connections) -> None:
    """The partition follows from the key as with Java's clients, so a camera's order survives mixed producers."""
    key = f"{uuid.uuid4()}/c0".encode()
    landed: list[int] = []
    for partitioner in ("murmur2_random", "murmur2"):
        producer = Producer({"bootstrap.servers": stack.kafka_bootstrap, "partitioner": partitioner})
        producer.produce("dead-letters", b"x", key, on_delivery=lambda _e, m: landed.append(m.partition()))
        producer.flush(10)
    assert len(set(landed)) == 1
    assert len(landed) == 2


def test_topics_exist_as_they_are_written_down(stack: Connections) -> None:
    consumer = Consumer({"bootstrap.servers": stack.kafka_bootstrap, "group.id": "look"})
    existing = consumer.list_topics(timeout=10).topics
    for settings in topic_settings():
        assert len(existing[settings.name].partitions) == settings.partitions
    low, high = consumer.get_watermark_offsets(TopicPartition("segments", 0), 10)
    assert low <= high
    consumer.close()


def test_applying_again_changes_nothing_and_a_breaking_schema_is_refused(
    registry: SchemaRegistryClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = registry.get_latest_version("commands-value").schema_id
    apply.register_schemas(registry)
    assert registry.get_latest_version("commands-value").schema_id == before
    commands = TOPICS["commands"].schema()
    broken = {**commands, "fields": [*commands["fields"], {"name": "new", "type": "string"}]}
    monkeypatch.setattr(type(TOPICS["commands"]), "schema", lambda _topic: broken)
    monkeypatch.setattr(apply, "TOPICS", {"commands": TOPICS["commands"]})
    with pytest.raises(IncompatibleSchema, match="commands"):
        apply.register_schemas(registry)
