"""Hypothesis strategies for records that pass every check: from the bounds that stand beside the fields."""

import struct
from typing import Any

from hypothesis import strategies as st
from msgspec import inspect

_LETTERS = "abc-09 ü"
_MOST = 3  # items of a list
_IDS = ("track_id", "camera_id", "global_id")

_EMBEDDINGS = st.sampled_from([struct.pack("<4f", 0.5, 0.5, 0.5, 0.5), struct.pack("<4f", 0, 0, 0, 0), b"\0" * 8])
_BOXES = st.tuples(*[st.floats(-1e6, 1e6, width=32)] * 4).map(
    lambda b: (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3]))
)
_OVERRIDES: dict[str, st.SearchStrategy[Any]] = {
    "bbox_xyxy": _BOXES,
    "embedding": st.one_of(st.none(), _EMBEDDINGS),
    "class_name": st.sampled_from(["person", "bottle", ""]),
}


def plausible(record_type: type[Any], **fixed: Any) -> st.SearchStrategy[Any]:
    """Make records of a type, at the borders of its bounds too; ``fixed`` fields have one value."""
    return _dataclass(inspect.type_info(record_type), fixed)


def _dataclass(info: Any, fixed: dict[str, Any]) -> st.SearchStrategy[Any]:
    strategies = {}
    for field in info.fields:
        if field.name in fixed:
            strategies[field.name] = st.just(fixed[field.name])
        else:
            special = _OVERRIDES.get(field.name)
            strategies[field.name] = _of(field.type) if special is None else special
    return st.builds(info.cls, **strategies)


def _of(info: Any) -> st.SearchStrategy[Any]:
    maker = _MAKERS.get(type(info))
    return _list(info) if maker is None else maker(info)


def _integers(info: Any) -> st.SearchStrategy[int]:
    return st.one_of(st.sampled_from([info.ge, info.le]), st.integers(info.ge, info.le))


_MAKERS = {
    inspect.IntType: _integers,
    inspect.FloatType: lambda i: st.floats(1e-3 if i.ge is None else i.ge, i.le, allow_nan=False),
    inspect.StrType: lambda i: st.text(_LETTERS, min_size=i.min_length or 0, max_size=6),
    inspect.BytesType: lambda i: st.binary(min_size=i.min_length or 0, max_size=40),
    inspect.EnumType: lambda i: st.sampled_from(list(i.cls)),
    inspect.UnionType: lambda i: st.one_of(*map(_of, i.types)),
    inspect.NoneType: lambda _: st.none(),
    inspect.BoolType: lambda _: st.booleans(),
    inspect.TupleType: lambda i: st.tuples(*map(_of, i.item_types)),
    inspect.DictType: lambda i: st.dictionaries(_of(i.key_type), _of(i.value_type), max_size=2),
    inspect.DataclassType: lambda i: _dataclass(i, {}),
}


def _list(info: Any) -> st.SearchStrategy[Any]:
    least = info.min_length or 0
    names = [f.name for f in getattr(info.item_type, "fields", ()) if f.name in _IDS]
    unique = (lambda item: getattr(item, names[0])) if names else None
    items = st.lists(_of(info.item_type), min_size=least, max_size=max(_MOST, least), unique_by=unique)
    return items.map(tuple)
