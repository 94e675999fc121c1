"""``as_of``, ``as_of_revision`` and ``as_of_tick``: parameters of the routes that show identities."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Query

from spoton_gateway.api.times import Rfc3339
from spoton_gateway.errors import Unprocessable
from spoton_gateway.queries.as_of import AsOf

_MAX_REVISION = 2**62
_MAX_TICK = 2**62


Time = Annotated[
    Rfc3339,
    Query(description="Identities as known at this time (RFC 3339): after the newest revision that Kafka had then"),
]
Revision = Annotated[
    int, Query(description="Identities as known after this identity revision; 0: as published", ge=0, le=_MAX_REVISION)
]
Tick = Annotated[
    int, Query(description="Identities as known at this tick: after the revisions decided by then", ge=0, le=_MAX_TICK)
]


def _as_of(as_of: Time | None = None, as_of_revision: Revision | None = None, as_of_tick: Tick | None = None) -> AsOf:
    given: list[datetime | int | None] = [as_of, as_of_revision, as_of_tick]
    if sum(value is not None for value in given) > 1:
        raise Unprocessable("give one of as_of, as_of_revision and as_of_tick")
    return AsOf(as_of_revision, as_of_tick, as_of)


KnownAsOf = Annotated[AsOf, Depends(_as_of)]
