"""Starting and steering tasks."""

import time
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any

from spoton_common.logging import get_logger
from spoton_common.tracing import Traceparent, Tracing, trace_id_text
from spoton_schemas.records import Command, CommandName, Scene, SceneCamera, Segment, Stage, StatusKind, TaskStatus
from spoton_schemas.topics import COMMANDS, SEGMENTS, TASK_STATUS, Topic

from spoton_gateway.api.models import AcceptedCommand, ControlTask, StartedTask, StartTask
from spoton_gateway.database import Database
from spoton_gateway.errors import Conflict, Unavailable, Unprocessable
from spoton_gateway.kafka.environments import EnvironmentTable
from spoton_gateway.kafka.publisher import Publisher
from spoton_gateway.queries import tasks

_log = get_logger()

_ENDED = ("COMPLETED", "STOPPED", "FAILED")


class TaskService:
    """Tells the stages what to do; they answer by what they write."""

    def __init__(
        self, database: Database, environments: EnvironmentTable, publisher: Publisher, tracing: Tracing
    ) -> None:
        self._database = database
        self._environments = environments
        self._publisher = publisher
        self._tracing = tracing

    async def start(self, request: StartTask, caller: Traceparent | None = None) -> StartedTask:
        """Announce a task and its segments; ``NotFound``, ``Unprocessable``, ``Unavailable``.

        ``caller`` is the trace in which the task was asked for.
        """
        scene = await self._environments.scene(request.environment_id)
        cameras = _chosen(scene, request.camera_ids)
        task_id, now_us = str(uuid.uuid4()), time.time_ns() // 1000
        created_at = datetime.fromtimestamp(now_us / 1e6, UTC)
        records = announcement(task_id, scene.environment_id, cameras, now_us)
        about = {"spoton.task": task_id, "spoton.environment": scene.environment_id}
        trace = self._tracing.task(task_id, "start task", now_us * 1000, about, caller)
        await self._database.check()
        # Announced first: what is announced runs and finds its way into the database by itself, whereas a row without
        # an announcement (this process was killed in between) would wait for ever.
        await self._publisher.publish(records, trace)
        _log.info("task started", task=task_id, environment=scene.environment_id, trace=trace_id_text(trace))
        camera_ids = [camera.camera_id for camera in cameras]
        with suppress(Unavailable):
            async with self._database.connection() as connection:
                await tasks.create(connection, task_id, scene.environment_id, camera_ids, created_at, len(records) - 1)
        return StartedTask(
            task_id=task_id,
            status_url=f"/api/v1/processing-tasks/{task_id}/status",
            websocket_url=f"/ws/tracking/{task_id}",
        )

    async def control(self, task_id: str, request: ControlTask) -> AcceptedCommand:
        """Send a command to the stages; ``NotFound``, ``Conflict`` after the end of the task, ``Unprocessable``."""
        if request.command == "focus" and request.global_id is None:
            raise Unprocessable("focus needs a global_id")
        async with self._database.connection() as connection:
            environment_id, status = await tasks.environment_and_status(connection, task_id)
        if status in _ENDED:
            raise Conflict(f"task {task_id!r} has ended: {status}")
        command = Command(
            task_id=task_id,
            environment_id=environment_id,
            command_id=str(uuid.uuid4()),
            command=CommandName(request.command.upper()),
            global_id=request.global_id,
        )
        await self._publisher.publish([(COMMANDS, command)])
        return AcceptedCommand(task_id=task_id, command_id=command.command_id, command=request.command)


def announcement(
    task_id: str, environment_id: str, cameras: list[SceneCamera], origin_us: int
) -> list[tuple[Topic[Any], Any]]:
    """Return what starts a task: that it is accepted, then its segments, batch by batch."""
    camera_ids = tuple(sorted(camera.camera_id for camera in cameras))
    accepted = TaskStatus(
        task_id=task_id,
        environment_id=environment_id,
        stage=Stage.GATEWAY,
        kind=StatusKind.ACCEPTED,
        camera_ids=camera_ids,
    )
    records: list[tuple[Topic[Any], Any]] = [(TASK_STATUS, accepted)]
    for batch, uris in enumerate(zip_longest(*(camera.sources for camera in cameras))):
        records += [
            (
                SEGMENTS,
                Segment(
                    task_id=task_id,
                    environment_id=environment_id,
                    camera_id=camera.camera_id,
                    sub_video_batch_index=batch,
                    uri=uri,
                    last=batch == len(camera.sources) - 1,
                    camera_ids=camera_ids,
                    origin_us=origin_us,
                ),
            )
            for camera, uri in zip(cameras, uris, strict=True)
            if uri is not None
        ]
    return records


def _chosen(scene: Scene, camera_ids: list[str] | None) -> list[SceneCamera]:
    known = {camera.camera_id: camera for camera in scene.cameras}
    unknown = sorted(set(camera_ids or ()) - set(known))
    if unknown:
        raise Unprocessable(
            f"environment {scene.environment_id!r} has no camera {', '.join(unknown)} (it has: {', '.join(known)})"
        )
    chosen = [camera for camera in scene.cameras if camera_ids is None or camera.camera_id in camera_ids]
    without = [camera.camera_id for camera in chosen if not camera.sources]
    if without:
        raise Unprocessable(f"no videos are registered for camera {', '.join(without)}")
    if not chosen:
        raise Unprocessable(f"environment {scene.environment_id!r} has no cameras")
    return chosen
