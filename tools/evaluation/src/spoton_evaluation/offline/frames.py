"""The `frames` records of an environment, made by ingest's own code."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from spoton_common.environment.media import local_path
from spoton_ingest.chain import Chain, first_chain
from spoton_ingest.job import JpegOptions, SegmentJob
from spoton_schemas.records import Frame, Scene, Segment, TaskStatus

from spoton_evaluation.errors import SceneError

TASK_ID = "offline"


@dataclass(frozen=True, slots=True)
class _Desk:
    """Ingest's surroundings: files are local, nothing is shared, nobody stops the task."""

    publish: Callable[[Frame], None]

    def frame(self, record: Frame) -> None:
        self.publish(record)

    def status(self, status: TaskStatus) -> None:
        pass

    def dropped(self, reason: str, count: int = 1) -> None:
        pass

    def fetch(self, segment: Segment) -> Path:
        return video_path(segment.uri)

    def save(self, chain: Chain) -> None:
        pass

    def wait_for_green(self, _tick: int) -> None:
        pass

    def slot(self) -> AbstractContextManager[object]:
        return nullcontext()


def publish_frames(scene: Scene, camera_id: str, publish: Callable[[Frame], None]) -> None:
    """Decode one camera's sub-videos in order and hand over its stream, marks included."""
    sources = scene.camera(camera_id).sources
    camera_ids = tuple(sorted(camera.camera_id for camera in scene.cameras))
    chain: Chain | None = None
    for batch, uri in enumerate(sources):
        segment = Segment(
            task_id=TASK_ID,
            environment_id=scene.environment_id,
            camera_id=camera_id,
            sub_video_batch_index=batch,
            uri=uri,
            last=batch == len(sources) - 1,
            camera_ids=camera_ids,
        )
        chain = chain or first_chain(segment, scene, 0)
        chain = SegmentJob(chain, segment, _Desk(publish), JpegOptions(), lambda: False).run()


def video_path(uri: str) -> Path:
    """Return a source's file.

    Raises:
        SceneError: it is not on this machine.

    """
    path = local_path(uri)
    if path is None:
        raise SceneError(f"{uri} is not a local file: evaluation without a stack reads local videos only")
    return Path(path)
