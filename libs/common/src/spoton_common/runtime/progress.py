"""What a stage tells the world about its progress, on the task-status topic."""

from spoton_schemas.records import CameraTick, GlobalIds, Kind, MapPoints, Stage, StatusKind, TaskStatus, Tick

from spoton_common.kafka.snapshots import Progress


def frames_in(record: Tick) -> int:
    """Count the pictures that a record stands for."""
    if record.kind is not Kind.FRAME:
        return 0
    if isinstance(record, GlobalIds | MapPoints):
        return len(record.cameras)
    return 1


def progress_status(stage: Stage, record: Tick, progress: Progress) -> TaskStatus:
    """Report how far a stream is, after this record of it."""
    return TaskStatus(
        task_id=record.task_id,
        environment_id=record.environment_id,
        stage=stage,
        kind=StatusKind.ENDED if record.kind is Kind.END_OF_TASK else StatusKind.PROGRESS,
        camera_id=record.camera_id if isinstance(record, CameraTick) else None,
        sub_video_batch_index=record.sub_video_batch_index,
        global_frame_index=record.global_frame_index,
        frames_done=progress.frames,
    )
