"""Times in requests."""

from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator


def _is_rfc_3339(value: Any) -> Any:
    # Pydantic would take numbers for seconds since 1970.
    if isinstance(value, str) and value[:4].isdecimal() and value[4:5] == "-":
        return value
    raise ValueError("not a time such as 2026-11-21T15:04:05Z (the + of an offset is written %2B)")


Rfc3339 = Annotated[AwareDatetime, BeforeValidator(_is_rfc_3339)]
"""A time with its offset from UTC."""
