"""What is said of a key whose state cannot be read: its streams end as failed, and everybody else goes on."""

import uuid
from dataclasses import fields
from typing import Any, TypeVar

from spoton_schemas.records import (
    CameraTick,
    Command,
    CommandName,
    Kind,
    Outcome,
    Stage,
    StatusKind,
    TaskStatus,
    Tick,
)
from spoton_schemas.topics import COMMANDS, TASK_STATUS, Topic

from spoton_common.runtime.machine import Output

R = TypeVar("R", bound=Tick)


def last_record(record: R, tick: int, why: str) -> R:
    """Return what stands for the end of the stream that a record belongs to."""
    names = [field.name for field in fields(CameraTick if isinstance(record, CameraTick) else Tick)]
    content: dict[str, Any] = {name: getattr(record, name) for name in names}
    mark = {"kind": Kind.END_OF_TASK, "global_frame_index": tick, "start": None, "outcome": Outcome.FAILED}
    return type(record)(**{**content, **mark, "error": why})


def notice(stage: Stage, topic: Topic[R], record: R, why: str, *, answers: bool) -> Output:
    """Tell of a loss: of a camera, of the whole task, which then needs no more pictures, or of a by-product of it."""
    if isinstance(record, CameraTick) and topic.key(record) == topic.stream(record):
        return Output(TASK_STATUS, _status(stage, StatusKind.CAMERA_FAILED, record, why, record.camera_id))
    if not answers:
        return Output(TASK_STATUS, _status(stage, StatusKind.ENDED, record, why, None))
    stop = Command(
        task_id=record.task_id,
        environment_id=record.environment_id,
        command_id=str(uuid.uuid5(uuid.NAMESPACE_OID, f"{record.task_id}/lost-state")),
        command=CommandName.STOP,
    )
    return Output(COMMANDS, stop)


def _status(stage: Stage, kind: StatusKind, record: Tick, why: str, camera_id: str | None) -> TaskStatus:
    return TaskStatus(
        task_id=record.task_id,
        environment_id=record.environment_id,
        stage=stage,
        kind=kind,
        camera_id=camera_id,
        message=why,
    )
