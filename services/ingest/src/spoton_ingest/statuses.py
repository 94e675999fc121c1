"""What ingest tells on ``task-status``."""

from spoton_schemas.records import Media, Segment, Stage, StatusKind, TaskStatus

from spoton_ingest.chain import Chain


def media_available(chain: Chain, segment: Segment, media: Media) -> TaskStatus:
    """A sub-video was fetched and looked at."""
    return TaskStatus(
        task_id=chain.task_id,
        environment_id=chain.environment_id,
        stage=Stage.INGEST,
        kind=StatusKind.MEDIA_AVAILABLE,
        camera_id=chain.camera_id,
        sub_video_batch_index=segment.sub_video_batch_index,
        media=media,
    )


def progress(chain: Chain, batch: int, tick: int, frames: int, ended: bool = False) -> TaskStatus:
    """So many frames of a camera are published, or all."""
    return TaskStatus(
        task_id=chain.task_id,
        environment_id=chain.environment_id,
        stage=Stage.INGEST,
        kind=StatusKind.ENDED if ended else StatusKind.PROGRESS,
        camera_id=chain.camera_id,
        sub_video_batch_index=batch,
        global_frame_index=tick,
        frames_done=frames,
    )


def camera_failed(segment: Segment, message: str) -> TaskStatus:
    """A camera's video ended early, or some of it is missing."""
    return TaskStatus(
        task_id=segment.task_id,
        environment_id=segment.environment_id,
        stage=Stage.INGEST,
        kind=StatusKind.CAMERA_FAILED,
        camera_id=segment.camera_id,
        camera_ids=tuple(sorted(segment.camera_ids)),
        sub_video_batch_index=segment.sub_video_batch_index,
        message=message,
    )


def segment_unusable(task_id: str, environment_id: str, camera_id: str, message: str) -> TaskStatus:
    """A camera's first segment says what no segment can mean."""
    return TaskStatus(
        task_id=task_id,
        environment_id=environment_id,
        stage=Stage.INGEST,
        kind=StatusKind.CAMERA_FAILED,
        camera_id=camera_id,
        message=message,
    )


def command_took_effect(task_id: str, environment_id: str, kind: StatusKind, camera_ids: list[str]) -> TaskStatus:
    """A command was obeyed for these cameras."""
    return TaskStatus(
        task_id=task_id,
        environment_id=environment_id,
        stage=Stage.INGEST,
        kind=kind,
        camera_ids=tuple(sorted(camera_ids)),
    )
