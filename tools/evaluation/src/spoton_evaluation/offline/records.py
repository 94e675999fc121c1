"""Records of a topic in a file."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import fastavro
import msgspec
from fastavro.write import Writer
from spoton_schemas.topics import Topic

R = TypeVar("R")


@contextmanager
def record_writer(path: Path, topic: Topic[R]) -> Iterator[Callable[[R], None]]:
    """Open an Avro file and give what writes a record into it."""
    with path.open("wb") as stream:
        writer: Any = Writer(stream, fastavro.parse_schema(topic.schema()), options={"disable_tuple_notation": True})
        yield lambda record: writer.write(msgspec.to_builtins(record, builtin_types=(bytes,)))
        writer.flush()


def read_records(path: Path, topic: Topic[R]) -> Iterator[R]:
    """Read an Avro file's records."""
    with path.open("rb") as stream:
        reader: Any = fastavro.reader(stream, topic.schema())
        for datum in reader:
            yield msgspec.convert(datum, topic.record_type)
