from pathlib import PurePosixPath

import pytest
from spoton_common.storage import FileLocation, InvalidUri, S3Location, filename, parse_uri


def test_a_file_uri_is_percent_decoded() -> None:
    assert parse_uri("file:///videos/front%20door.mp4") == FileLocation(PurePosixPath("/videos/front door.mp4"))
    assert parse_uri("file://localhost/a.mp4") == FileLocation(PurePosixPath("/a.mp4"))


def test_an_s3_key_is_taken_as_it_is() -> None:
    assert parse_uri("s3://b/c0/a%20b?#.mp4") == S3Location("b", "c0/a%20b?#.mp4")


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "/videos/a.mp4",
        "a.mp4",
        "file:a.mp4",
        "file://",
        "file:///",
        "file://other/a.mp4",
        "file:///videos/../etc/passwd",
        "file:///videos/%2e%2e/etc/passwd",
        "file:///a%00.mp4",
        "http://example.org/a.mp4",
        "s3://bucket",
        "s3://bucket/",
        "s3:///key",
        "s3://bucket/folder/",
    ],
)
def test_anything_else_is_refused(uri: str) -> None:
    with pytest.raises(InvalidUri):
        parse_uri(uri)


def test_filename_is_the_last_part() -> None:
    assert filename("file:///x/a%20b.mp4") == "a b.mp4"
    assert filename("s3://b/x/y.mp4") == "y.mp4"
