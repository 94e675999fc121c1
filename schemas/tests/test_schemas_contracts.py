"""The committed schemas, the record classes and the released history agree."""

import dataclasses
import json
from typing import Any

import pytest
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from avro.schema import parse
from spoton_schemas import habits, records
from spoton_schemas.release import released
from spoton_schemas.topics import TOPICS, Topic, topic_settings

ALL = pytest.mark.parametrize("topic", TOPICS.values(), ids=lambda topic: topic.name)


def _named(schema: Any) -> list[dict[str, Any]]:
    """All records and enums in a schema."""
    if isinstance(schema, list):
        return [found for branch in schema for found in _named(branch)]
    if not isinstance(schema, dict):
        return []
    if schema["type"] == "enum":
        return [schema]
    if schema["type"] == "record":
        return [schema, *(found for field in schema["fields"] for found in _named(field["type"]))]
    return _named(schema.get("items")) + _named(schema.get("values")) + _named(schema["type"])


@ALL
def test_classes_have_the_fields_of_their_schema(topic: Topic[Any]) -> None:
    for schema in _named(topic.schema()):
        name = schema["name"].rpartition(".")[2]
        cls = {**vars(habits), **vars(records)}[name]
        if schema["type"] == "enum":
            assert schema["symbols"] == [member.value for member in cls]
            continue
        theirs = {field["name"]: "default" in field for field in schema["fields"]}
        ours = {
            f.name: f.default is not dataclasses.MISSING or f.default_factory is not dataclasses.MISSING
            for f in dataclasses.fields(cls)
        }
        assert ours == theirs, name


@ALL
def test_every_field_is_documented(topic: Topic[Any]) -> None:
    for schema in _named(topic.schema()):
        assert schema.get("doc"), schema["name"]
        for field in schema.get("fields", []):
            assert field.get("doc", "").endswith((".", "…")), f"{schema['name']}.{field['name']}"


@ALL
def test_schema_is_released(topic: Topic[Any]) -> None:
    versions = released(topic.name)
    assert versions, "run `python -m spoton_schemas.release`"
    assert versions[-1] == topic.schema(), "run `python -m spoton_schemas.release` and note it in the changelog"


@ALL
def test_schema_reads_all_that_was_ever_written(topic: Topic[Any]) -> None:
    reader = parse(json.dumps(topic.schema()))
    for version, schema in enumerate(released(topic.name), 1):
        result = ReaderWriterCompatibilityChecker().get_compatibility(reader, parse(json.dumps(schema)))
        assert result.compatibility is SchemaCompatibilityType.compatible, (version, result.messages)


def test_the_check_notices_a_breaking_change() -> None:
    schema = TOPICS["commands"].schema()
    broken = {**schema, "fields": [*schema["fields"], {"name": "new", "type": "string"}]}
    result = ReaderWriterCompatibilityChecker().get_compatibility(parse(json.dumps(broken)), parse(json.dumps(schema)))
    assert result.compatibility is not SchemaCompatibilityType.compatible


def test_every_topic_has_settings_and_every_stage_input_a_state_topic_of_its_size() -> None:
    settings = {setting.name: setting for setting in topic_settings()}
    assert set(TOPICS) <= set(settings)
    inputs = {"ingest": "segments", "detector": "frames", "track": "detections", "associate": "tracks"}
    for stage, topic in {**inputs, "mapper": "global-ids", "events": "map-points"}.items():
        assert settings[f"state-{stage}"].partitions == settings[topic].partitions
