"""Embeddings of crops, computed once for each crop and model."""

import sqlite3
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from spoton_reid.app import find_embedder
from spoton_reid.embedding import Embedder, load_embedder
from spoton_reid.embedding.base import Crop, Embeddings

from spoton_evaluation.offline.cache import Cache

_TABLE = "CREATE TABLE IF NOT EXISTS embeddings (crop BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID"


class KeptEmbedder(Embedder):
    """An embedder that remembers: an embedding follows from its crop and the model alone."""

    def __init__(self, embedder: Embedder, file: Path) -> None:
        super().__init__(embedder.description, embedder.dimension)
        self._embedder = embedder
        self._database = sqlite3.connect(file, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute(_TABLE)
        self.computed = 0

    @classmethod
    def open(cls, cache: Cache, name: str, threads: int = 2) -> "KeptEmbedder":
        """Load a model by path or name.

        Raises:
            EmbedderError: it cannot be found or read.

        """
        path = find_embedder(name)
        embedder = load_embedder(path, threads=threads)
        return cls(embedder, cache.path("embeddings", cache.content(path), suffix=".sqlite"))

    def embed(self, crops: Sequence[Crop]) -> Embeddings:
        """Embed crops, those that are known without the model."""
        keys = [_key(crop) for crop in crops]
        vectors = {key: self._find(key) for key in keys}
        unknown = {key: crop for key, crop in zip(keys, crops, strict=True) if vectors[key] is None}
        for key, vector in zip(unknown, self._embedder.embed(list(unknown.values())), strict=True):
            vectors[key] = vector
            self._database.execute("INSERT OR IGNORE INTO embeddings VALUES (?, ?)", (key, vector.tobytes()))
        self.computed += len(unknown)
        return np.array([vectors[key] for key in keys], np.float32).reshape(-1, self.dimension)

    def _find(self, key: bytes) -> NDArray[np.float32] | None:
        row = self._database.execute("SELECT vector FROM embeddings WHERE crop = ?", (key,)).fetchone()
        return None if row is None else np.frombuffer(row[0], np.float32)

    def _infer(self, inputs: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        raise NotImplementedError("embed does not come here")


def _key(crop: Crop) -> bytes:
    return blake2b(crop.tobytes(), digest_size=16, person=str(crop.shape[:2]).encode()[:16]).digest()
