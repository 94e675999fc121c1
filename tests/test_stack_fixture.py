"""The shared servers do what the pipeline needs of them."""

import asyncpg
import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType
from spoton_local import Connections

pytestmark = pytest.mark.integration


async def test_pgvector_is_there(stack: Connections) -> None:
    connection = await asyncpg.connect(stack.database_url)
    try:
        assert await connection.fetchval("SELECT '[0,3]'::vector <-> '[4,0]'::vector") == 5
    finally:
        await connection.close()


def test_kafka_takes_frames_and_makes_no_topic_by_itself(stack: Connections) -> None:
    admin = AdminClient({"bootstrap.servers": stack.kafka_bootstrap})
    broker = ConfigResource(ResourceType.BROKER, "1")
    settings = admin.describe_configs([broker])[broker].result(20)
    assert settings["message.max.bytes"].value == str(8 * 1024 * 1024)
    assert settings["auto.create.topics.enable"].value == "false"
