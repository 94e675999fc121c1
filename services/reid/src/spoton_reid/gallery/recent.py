"""Who was seen lately, over all tasks: appearances in Redis, each kept for a while after it was last told."""

import numpy as np
import redis
from numpy.typing import NDArray
from redis import Redis
from spoton_common.errors import ServerAway
from spoton_common.health import State
from spoton_common.servers import Server
from spoton_schemas.codec import Codec
from spoton_schemas.errors import UnreadableRecord
from spoton_schemas.records import Appearance
from spoton_schemas.topics import APPEARANCES

from spoton_reid.gallery.index import Gallery

_PREFIX = "spoton:gallery"
_SCAN_COUNT = 500  # keys Redis looks at for each answer: few round trips, no long pause for others


class RecentGallery:
    """Keeps the newest appearance of each identity for ``keep_s`` seconds; entries are Avro, as on the topic."""

    def __init__(self, client: Redis, codec: Codec, keep_s: int) -> None:
        self._client = client
        self._codec = codec
        self._keep_s = keep_s

    def put(self, appearances: list[Appearance]) -> None:
        """Keep appearances; one of the same identity is replaced. ``redis.RedisError`` if Redis is away."""
        pipeline = self._client.pipeline(transaction=False)
        for appearance in appearances:
            key = f"{_PREFIX}:{appearance.environment_id}:{appearance.task_id}:{appearance.global_id}"
            pipeline.set(key, self._codec.encode(APPEARANCES, appearance), ex=self._keep_s)
        pipeline.execute()

    def entries(self, environment_id: str, model: str) -> list[Appearance]:
        """List what is kept of an environment for one network, by task and identity."""
        keys = sorted(self._client.scan_iter(f"{_PREFIX}:{environment_id}:*", count=_SCAN_COUNT))
        found = []
        for value in self._client.mget(keys) if keys else []:
            try:
                appearance = self._codec.decode(APPEARANCES, value if isinstance(value, bytes) else None)
            except UnreadableRecord:  # expired since, or not ours
                continue
            if appearance.model == model:
                found.append(appearance)
        return sorted(found, key=lambda a: (a.task_id, a.global_id))

    def search(
        self, environment_id: str, model: str, embedding: NDArray[np.float32], count: int
    ) -> list[tuple[Appearance, float]]:
        """Find who looks most like an embedding, (D,), of the same network: appearances with their cosines."""
        entries = self.entries(environment_id, model)
        gallery = Gallery()
        for index, entry in enumerate(entries):
            gallery.add(index, np.frombuffer(entry.embedding, "<f4").astype(np.float64))
        return [(entries[m.identity], m.cosine) for m in gallery.search(embedding.astype(np.float64), count)]


def redis_server(url: str) -> Server:
    """Look after Redis: without it, only the recent gallery stands still."""
    client = connect(url)

    def ask() -> None:
        try:
            client.ping()
        except redis.RedisError as error:
            raise ServerAway(str(error)) from error

    return Server(ask, State.DEGRADED)


def connect(url: str) -> Redis:
    """Make a client; nothing is contacted yet."""
    return redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5)
