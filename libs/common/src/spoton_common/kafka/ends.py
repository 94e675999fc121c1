"""Where the partitions of a topic end now, asked of the broker apart from any consumer."""

from collections.abc import Iterable

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from spoton_common.kafka.client import client_config


class TopicEnds:
    """Asks on a connection of its own: a consumer's answers only after the fetch that waits there, half a second."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._admin = AdminClient(client_config(bootstrap))

    def of(self, numbers: Iterable[int], timeout_s: float) -> dict[int, int]:
        """Return the offsets behind the last records of these partitions; ``KafkaException`` if the broker is away."""
        asked = {TopicPartition(self._topic, number): OffsetSpec.latest() for number in numbers}
        try:
            answers = self._admin.list_offsets(asked, request_timeout=timeout_s)
            return {place.partition: answer.result().offset for place, answer in answers.items()}
        except KafkaException:
            # The client keeps the leader epoch that it saw first. A broker that was restarted refuses that one
            # (FENCED_LEADER_EPOCH), and the client does not ask for the new one (librdkafka's issue 4620).
            self._admin = AdminClient(client_config(self._bootstrap))
            raise
