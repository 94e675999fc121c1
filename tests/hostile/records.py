"""Hostile records, made by Hypothesis from good ones."""

import io
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import fastavro
from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis import strategies as st
from spoton_schemas.codec import Codec
from spoton_schemas.errors import UnreadableRecord
from spoton_schemas.topics import TOPICS, Topic

GOOD_TASK = b"@good"
"""Stands in keys for the task that runs at the same time: its streams are aimed at, too."""

STREAMS = ("frames", "detections", "tracks", "global-ids")
"""Topics whose readers hold streams to their protocol."""

_UNTYPED = st.sampled_from([b"\x00", b"\x00\x00\x00\x00", b"{}", b"\xff" * 64])
_NASTY_INTS = (-1, -(2**31), 2**41, 2**62, -(2**63))
_NASTY_FLOATS = (float("nan"), float("inf"), float("-inf"), 1e30, -1e30)
_NASTY_TEXTS = ("", "\0", "a/b", "../../etc/passwd", "x" * 5000, "\u202e\x07")

_HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["spoton-ledger", "traceparent", "spoton-stage", "spoton-redriven", "x", "ü" * 40]),
        st.sampled_from(
            [
                None,
                b"",
                b"{",
                b'{"ingest":"soon"}',
                b'{"ingest":1e400}',
                b'{"ingest":-9223372036854775808}',
                b"[" * 5000,
                b"00-zz-zz-01",
                b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-00",
                b"\xff\xfe\x00",
                b"h" * 60_000,
            ]
        ),
    ),
    max_size=4,
)


@dataclass(frozen=True, repr=False)
class Sample:
    """A good record as it lay in its topic."""

    topic: Topic[Any]
    key: bytes
    value: bytes
    datum: dict[str, Any]

    def __repr__(self) -> str:
        """Be short: Hypothesis writes arguments out."""
        return f"<a record of {self.topic.name}>"


@dataclass(frozen=True)
class Hostile:
    """A record that must not get through; ``drops`` if it is to be counted only, else it must become a dead letter."""

    kind: str
    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    drops: bool = False


def generate(samples: Mapping[str, Sequence[Sample]], codec: Codec, count: int, seed_value: int) -> list[Hostile]:
    """Make so many hostile records; the same ones for the same seed and samples."""
    made: list[Hostile] = []

    @seed(seed_value)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(hostile_records(samples, codec))
    def collect(record: Hostile) -> None:
        made.append(record)

    while len(made) < count:  # Hypothesis ends early where it thinks that it has seen all
        collect()
        seed_value += 1
    return made[:count]


@st.composite
def hostile_records(draw: st.DrawFn, samples: Mapping[str, Sequence[Sample]], codec: Codec) -> Hostile:
    """Draw a topic, then a way of being hostile on it."""
    name = draw(st.sampled_from(sorted(samples)))
    sample = draw(st.sampled_from(list(samples[name])))
    makers = [_rubbish, _tombstone, _unknown_schema, _other_topic, _cut, _flipped, _nasty, _nasty, _misplaced]
    if name in STREAMS:
        makers += [_not_started, _after_end, _replayed]
    if name == "segments":
        makers += [_unknown_environment, _replayed]
    record: Hostile = draw(draw(st.sampled_from(makers))(sample, samples))
    assume(name != "environments" or record.key is not None)  # the broker refuses that in a compacted topic
    if record.kind not in ("not_started", "after_end", "replayed", "unknown_environment"):
        assume(_is_refused(codec, record))
    return record


def _is_refused(codec: Codec, record: Hostile) -> bool:
    if record.topic == "environments" and record.value is None:
        return False  # there it removes an environment
    try:
        codec.read(TOPICS[record.topic], record.key, record.value)
    except UnreadableRecord:
        return True
    return False


def _made(draw: st.DrawFn, kind: str, sample: Sample, key: bytes | None, value: bytes | None, **more: Any) -> Hostile:
    return Hostile(kind, sample.topic.name, key, value, tuple(draw(_HEADERS)), **more)


def _keys(sample: Sample) -> st.SearchStrategy[bytes | None]:
    own_kind = GOOD_TASK + (b"/c0" if b"/" in sample.key else b"")
    return st.one_of(st.sampled_from([None, b"", sample.key, own_kind, own_kind]), st.binary(max_size=40))


@st.composite
def _rubbish(draw: st.DrawFn, sample: Sample, _: Any) -> Hostile:
    value = draw(st.one_of(st.binary(max_size=300), _UNTYPED, st.just(sample.datum.__repr__().encode()[:2000])))
    return _made(draw, "rubbish", sample, draw(_keys(sample)), value)


@st.composite
def _tombstone(draw: st.DrawFn, sample: Sample, _: Any) -> Hostile:
    return _made(draw, "tombstone", sample, draw(_keys(sample)), None)


@st.composite
def _unknown_schema(draw: st.DrawFn, sample: Sample, _: Any) -> Hostile:
    schema_id = draw(st.one_of(st.integers(10**6, 2**31 - 1), st.integers(2**31, 2**32 - 1)))
    value = struct.pack(">bI", 0, schema_id) + sample.value[5:200]
    return _made(draw, "unknown_schema", sample, draw(_keys(sample)), value)


@st.composite
def _other_topic(draw: st.DrawFn, sample: Sample, samples: Mapping[str, Sequence[Sample]]) -> Hostile:
    other = draw(st.sampled_from([s for name, group in sorted(samples.items()) for s in group]))
    return _made(draw, "other_topic", sample, draw(_keys(sample)), other.value)


@st.composite
def _cut(draw: st.DrawFn, sample: Sample, _: Any) -> Hostile:
    value = sample.value[: draw(st.integers(0, len(sample.value) - 1))]
    return _made(draw, "cut", sample, draw(_keys(sample)), value)


@st.composite
def _flipped(draw: st.DrawFn, sample: Sample, _: Any) -> Hostile:
    value = bytearray(sample.value)
    for place in draw(st.lists(st.integers(5, min(len(value) - 1, 200)), min_size=1, max_size=8)):
        value[place] ^= 1 << draw(st.integers(0, 7))
    return _made(draw, "flipped", sample, sample.key, bytes(value))


@st.composite
def _nasty(draw: st.DrawFn, sample: Sample, _: Any) -> Hostile:
    """A well-formed record with a value that makes no sense."""
    path = draw(st.sampled_from(_leaves(sample.datum)))
    old = _at(sample.datum, path)
    if isinstance(old, bool):
        assume(False)
    if isinstance(old, int):
        new: Any = draw(st.sampled_from(_NASTY_INTS))
    elif isinstance(old, float):
        new = draw(st.sampled_from(_NASTY_FLOATS))
    elif isinstance(old, str):
        new = draw(st.sampled_from(_NASTY_TEXTS))
    elif isinstance(old, bytes):
        new = b"\xff" * draw(st.sampled_from([3, 5, 2_000_000]))
    else:
        assume(len(old) > 0)
        new = list(old) * 1100
    datum = _with(sample.datum, path, new)
    buffer = io.BytesIO()
    buffer.write(sample.value[:5])
    try:
        fastavro.schemaless_writer(buffer, sample.topic.schema(), datum, disable_tuple_notation=True)
    except Exception:
        assume(False)
    return _made(draw, "nasty", sample, _key_of(sample, datum), buffer.getvalue())


@st.composite
def _misplaced(draw: st.DrawFn, sample: Sample, _: Any) -> Hostile:
    key = draw(_keys(sample))
    assume(key != sample.key)
    return _made(draw, "misplaced", sample, key, sample.value)


@st.composite
def _not_started(draw: st.DrawFn, sample: Sample, _: Any) -> Hostile:
    assume(sample.datum["kind"] != "START")
    datum = {**sample.datum, "task_id": f"stranger-{draw(st.integers(0, 10**9))}"}
    return _made(draw, "not_started", sample, _key_of(sample, datum), _written(sample, datum))


@st.composite
def _after_end(draw: st.DrawFn, sample: Sample, _: Any) -> Hostile:
    datum = {**sample.datum, "global_frame_index": draw(st.integers(10**6, 10**9))}
    return _made(draw, "after_end", sample, sample.key, _written(sample, datum))


@st.composite
def _replayed(draw: st.DrawFn, sample: Sample, _: Any) -> Hostile:
    return _made(draw, "replayed", sample, sample.key, sample.value, drops=True)


@st.composite
def _unknown_environment(draw: st.DrawFn, sample: Sample, _: Any) -> Hostile:
    task_id = f"astray-{draw(st.integers(0, 10**9))}"
    datum = {**sample.datum, "task_id": task_id, "environment_id": "nowhere"}
    return _made(draw, "unknown_environment", sample, _key_of(sample, datum), _written(sample, datum))


def _written(sample: Sample, datum: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    buffer.write(sample.value[:5])
    fastavro.schemaless_writer(buffer, sample.topic.schema(), datum, disable_tuple_notation=True)
    return buffer.getvalue()


def _key_of(sample: Sample, datum: dict[str, Any]) -> bytes:
    if sample.topic.name == "environments":
        return str(datum["scene"]["environment_id"]).encode()
    parts = [str(datum["task_id"])] + ([str(datum["camera_id"])] if b"/" in sample.key else [])
    return "/".join(parts).encode()


def _leaves(datum: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    items = datum.items() if isinstance(datum, dict) else enumerate(datum)
    for name, value in items:
        if isinstance(value, dict):
            found += _leaves(value, (*path, name))
        elif isinstance(value, list | tuple):
            found += [(*path, name), *_leaves(value[:2], (*path, name))]
        elif value is not None:
            found.append((*path, name))
    return found


def _at(datum: Any, path: Sequence[Any]) -> Any:
    for step in path:
        datum = datum[step]
    return datum


def _with(datum: Any, path: Sequence[Any], value: Any) -> Any:
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(datum, dict):
        return {**datum, step: _with(datum[step], rest, value)}
    return [_with(item, rest, value) if index == step else item for index, item in enumerate(datum)]
