"""A gallery of identity appearances, searched exactly with FAISS."""

from dataclasses import dataclass

import faiss
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Match:
    """An identity that looks alike."""

    identity: int
    cosine: float


class Gallery:
    """One entry an identity: the running sum of its embeddings. State pickles without the index."""

    def __init__(self) -> None:
        self._sums: dict[int, NDArray[np.float64]] = {}
        self._index: faiss.IndexIDMap2 | None = None

    def __len__(self) -> int:
        return len(self._sums)

    def add(self, identity: int, embedding_sum: NDArray[np.float64]) -> None:
        """Add evidence of what an identity looks like (a sum of weighted embeddings, (D,))."""
        self._sums[identity] = self._sums.get(identity, np.zeros(len(embedding_sum))) + embedding_sum
        self._index = None

    def entry(self, identity: int) -> NDArray[np.float64] | None:
        """Return an identity's sum of embeddings, (D,), if it has any."""
        return self._sums.get(identity)

    def merge(self, identity: int, into: int) -> None:
        """Let one identity's entry become part of another's."""
        total = self._sums.pop(identity, None)
        if total is not None:
            self.add(into, total)

    def search(self, embedding: NDArray[np.float64], count: int) -> list[Match]:
        """Find the entries most alike, best first; ties by identity.

        Args:
            embedding: (D,), any length.
            count: most entries to return.

        """
        if not self._sums:
            return []
        if self._index is None:
            self._index = self._build()
        query = (embedding / max(float(np.linalg.norm(embedding)), 1e-12)).astype(np.float32)[None]
        cosines, identities = self._index.search(query, min(count, len(self._sums)))
        found = [Match(int(i), float(c)) for i, c in zip(identities[0].tolist(), cosines[0].tolist(), strict=True)]
        return sorted(found, key=lambda match: (-match.cosine, match.identity))

    def _build(self) -> faiss.IndexIDMap2:
        identities = np.array(sorted(self._sums), dtype=np.int64)
        entries = np.stack([self._sums[identity] for identity in identities.tolist()])
        entries /= np.maximum(np.linalg.norm(entries, axis=1, keepdims=True), 1e-12)
        index = faiss.IndexIDMap2(faiss.IndexFlatIP(entries.shape[1]))
        index.add_with_ids(entries.astype(np.float32), identities)
        return index

    def __getstate__(self) -> dict[str, object]:
        return {"_sums": self._sums}

    def __setstate__(self, state: dict[str, dict[int, NDArray[np.float64]]]) -> None:
        self._sums = state["_sums"]
        self._index = None
