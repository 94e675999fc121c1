"""State of a state machine as bytes, marked with what it belongs to."""

import pickle
from typing import Any

from spoton_reid.errors import SnapshotError

_VERSION = 5


def pack_state(kind: str, state: Any) -> bytes:
    """Write a state; `kind` names the state machine and its settings, which must be equal on return."""
    return pickle.dumps((kind, _VERSION, state), protocol=5)


def unpack_state(kind: str, snapshot: bytes) -> Any:
    """Read a state back. Snapshots come only from our own state topic: pickle runs what it reads.

    Raises:
        SnapshotError: not a snapshot, or one of another state machine or version.

    """
    try:
        found = pickle.loads(snapshot)  # noqa: S301
    except Exception as error:  # broken bytes make pickle raise nearly anything
        raise SnapshotError(f"not a snapshot of {kind}: {error}") from error
    if not isinstance(found, tuple) or len(found) != 3 or found[:2] != (kind, _VERSION):
        raise SnapshotError(f"not a snapshot of {kind}, version {_VERSION}")
    return found[2]
