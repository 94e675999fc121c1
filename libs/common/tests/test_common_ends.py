"""Asking where a topic ends, of a broker that was restarted."""

from collections.abc import Mapping
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from spoton_common.kafka import ends
from spoton_common.kafka.ends import TopicEnds


class Broker:
    """Answers clients that know its epoch; each client knows the one of the time at which it was made."""

    epoch = 0

    def client(self, _config: dict[str, Any]) -> SimpleNamespace:
        known = self.epoch

        def list_offsets(asked: Mapping[TopicPartition, object], **_: float) -> dict[TopicPartition, Future[Any]]:
            answers = {place: Future[Any]() for place in asked}
            for place, answer in answers.items():
                if known == self.epoch:
                    answer.set_result(SimpleNamespace(offset=10 + place.partition))
                else:
                    answer.set_exception(KafkaException(KafkaError(KafkaError.FENCED_LEADER_EPOCH)))
            return answers

        return SimpleNamespace(list_offsets=list_offsets)


def test_after_a_restart_the_next_question_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker()
    monkeypatch.setattr(ends, "AdminClient", broker.client)
    asking = TopicEnds("127.0.0.1:1", "commands")
    assert asking.of([0, 1], 1.0) == {0: 10, 1: 11}
    broker.epoch += 1
    with pytest.raises(KafkaException):
        asking.of([0, 1], 1.0)
    assert asking.of([0, 1], 1.0) == {0: 10, 1: 11}
