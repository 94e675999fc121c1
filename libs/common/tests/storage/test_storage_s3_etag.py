from datetime import UTC, datetime
from typing import Any

import pytest
from spoton_common.settings import S3Settings
from spoton_common.storage.locations import S3Location
from spoton_common.storage.s3 import S3Store


@pytest.mark.parametrize(
    ("etag", "expected"), [({"ETag": '"abc"'}, "abc"), ({}, "1767225600-6")], ids=["with", "without"]
)
async def test_an_object_without_etag_is_named_by_its_age_and_size(
    monkeypatch: pytest.MonkeyPatch, etag: dict[str, str], expected: str
) -> None:
    class Client:
        async def head_object(self, **_: str) -> dict[str, Any]:
            return {"ContentLength": 6, "LastModified": datetime(2026, 1, 1, tzinfo=UTC), **etag}

    async def connected(_: S3Store) -> Client:
        return Client()

    monkeypatch.setattr(S3Store, "_connected", connected)
    assert await S3Store(S3Settings()).head(S3Location("videos", "c1.mp4")) == (6, expected)
