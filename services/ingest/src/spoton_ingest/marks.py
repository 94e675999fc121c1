"""The records of a camera's stream in ``frames``."""

from fractions import Fraction

from spoton_schemas.records import Frame, Kind, Outcome

from spoton_ingest.chain import Chain
from spoton_ingest.decode import Picture
from spoton_ingest.sampling import PlannedFrame


def start_mark(chain: Chain) -> Frame:
    """Open the stream."""
    return _mark(chain, Kind.START, 0, 0, 0)


def frame_record(chain: Chain, batch: int, planned: PlannedFrame, picture: Picture) -> Frame:
    """Make a picture's record; its event time is the picture's own, not its tick's."""
    scene_time_s = planned.camera_time_s + chain.clock.offset_s + chain.origin_s
    return Frame(
        task_id=chain.task_id,
        environment_id=chain.environment_id,
        camera_id=chain.camera_id,
        kind=Kind.FRAME,
        sub_video_batch_index=batch,
        global_frame_index=planned.tick,
        camera_frame_index=planned.camera_frame_index,
        event_time_us=_us(scene_time_s),
        image_width=picture.width,
        image_height=picture.height,
        jpeg=picture.jpeg,
    )


def segment_end(chain: Chain, batch: int, error: str | None = None) -> Frame:
    """Close a sub-video; ``chain`` is the state after it."""
    return _mark(chain, Kind.END_OF_SEGMENT, batch, chain.next_tick, chain.next_camera_frame, None, error)


def task_end(chain: Chain, batch: int, outcome: Outcome, error: str | None = None) -> Frame:
    """Close the stream; ``chain`` is the state after it."""
    return _mark(chain, Kind.END_OF_TASK, batch, chain.next_tick, chain.next_camera_frame, outcome, error)


def _mark(
    chain: Chain,
    kind: Kind,
    batch: int,
    tick: int,
    camera_frame: int,
    outcome: Outcome | None = None,
    error: str | None = None,
) -> Frame:
    return Frame(
        task_id=chain.task_id,
        environment_id=chain.environment_id,
        camera_id=chain.camera_id,
        kind=kind,
        sub_video_batch_index=batch,
        global_frame_index=tick,
        camera_frame_index=camera_frame,
        event_time_us=_us(chain.origin_s + tick / chain.clock.fps),
        start=chain.start if kind is Kind.START else None,
        outcome=outcome,
        error=error,
    )


def _us(seconds: Fraction) -> int:
    return round(seconds * 1_000_000)
