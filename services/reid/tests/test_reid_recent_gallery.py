"""The recent gallery on a real Redis, fed by a real topic."""

import threading
import time
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from spoton_common.health import Health
from spoton_common.kafka.producer import RecordProducer
from spoton_reid.gallery.recent import RecentGallery, connect
from spoton_reid.gallery.remembering import Remembering
from spoton_schemas.codec import Codec
from spoton_schemas.records import Appearance
from spoton_schemas.topics import APPEARANCES

if TYPE_CHECKING:  # the local stack is no part of the service: its unit tests run without it
    from spoton_local import Connections

pytestmark = pytest.mark.integration


def appearance(environment_id: str, global_id: int, *embedding: float) -> Appearance:
    return Appearance(
        task_id="t",
        environment_id=environment_id,
        global_id=global_id,
        global_frame_index=5,
        model="m",
        embedding=np.array(embedding, "<f4").tobytes(),
        crops=3.0,
    )


@pytest.fixture
def environment_id() -> str:
    return str(uuid.uuid4())


@pytest.fixture
def gallery(stack: "Connections") -> RecentGallery:
    return RecentGallery(connect(stack.redis_url), Codec.connect(stack.registry_url), keep_s=60)


def test_who_looks_most_alike_is_found_first(gallery: RecentGallery, environment_id: str) -> None:
    red, blue = appearance(environment_id, 1, 1.0, 0.0), appearance(environment_id, 2, 0.0, 1.0)
    gallery.put([red, blue, replace(red, environment_id="elsewhere"), replace(red, global_id=3, model="other")])
    found = gallery.search(environment_id, "m", np.array([0.6, 0.8], np.float32), 5)
    assert [entry for entry, _ in found] == [blue, red]
    assert [cosine for _, cosine in found] == pytest.approx([0.8, 0.6])


def test_a_later_appearance_replaces_an_earlier_one(gallery: RecentGallery, environment_id: str) -> None:
    gallery.put([appearance(environment_id, 1, 1.0, 0.0)])
    later = appearance(environment_id, 1, 0.0, 1.0)
    gallery.put([later, later])
    assert gallery.entries(environment_id, "m") == [later]


def test_nobody_is_found_where_nobody_was(gallery: RecentGallery, environment_id: str) -> None:
    assert gallery.search(environment_id, "m", np.array([1.0, 0.0], np.float32), 5) == []


def test_entries_expire(stack: "Connections", environment_id: str) -> None:
    client = connect(stack.redis_url)
    RecentGallery(client, Codec.connect(stack.registry_url), 60).put([appearance(environment_id, 1, 1.0)])
    [key] = client.scan_iter(f"spoton:gallery:{environment_id}:*")
    assert 0 < client.ttl(key) <= 60


def test_what_is_told_on_the_topic_is_kept_and_rubbish_does_not_stop_it(
    stack: "Connections", gallery: RecentGallery, environment_id: str
) -> None:
    codec = Codec.connect(stack.registry_url)
    told = appearance(environment_id, 1, 1.0, 0.0)
    producer = RecordProducer(stack.kafka_bootstrap, codec)
    producer.send_bytes("appearances", b"t", b"rubbish")
    producer.send(APPEARANCES, told)
    producer.flush()
    loop = Remembering(gallery, stack.kafka_bootstrap, Codec.connect(stack.registry_url), Health())
    stop = threading.Event()
    thread = threading.Thread(target=loop.run, args=(stop, lambda: None), daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + 40
        while gallery.entries(environment_id, "m") != [told]:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        stop.set()
        thread.join(20)
