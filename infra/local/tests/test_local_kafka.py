"""What the broker is started with."""

import uuid
from unittest.mock import Mock

import pytest
from spoton_local.kafka import new_cluster_id


def test_no_cluster_id_looks_like_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    like_an_option, other = uuid.UUID("f8" * 16), uuid.UUID("12" * 16)
    monkeypatch.setattr(uuid, "uuid4", Mock(side_effect=[like_an_option, like_an_option, other]))
    assert new_cluster_id() == "EhISEhISEhISEhISEhISEg"
