"""What ingest is, for its --help and its README."""

from spoton_common.description import Description, Group
from spoton_common.settings import Connections, FileAccess, S3Settings, ServiceSettings, TracingSettings

from spoton_ingest.settings import IngestSettings

INGEST = Description(
    module="spoton_ingest",
    package="spoton-ingest",
    summary="Turns video into timed frames.",
    reads={
        "segments": "the work: a record a camera and sub-video",
        "environments": "cameras, clock offsets, processing rate",
        "commands": "pause, resume, stop",
        "task-status": "how far the detector is",
        "state-ingest": "where to go on after a restart",
        "file://, s3://": "the sub-videos",
    },
    writes={
        "frames": "each camera's marks and pictures",
        "task-status": "media, progress, failures, what commands did",
        "state-ingest": "each camera's state between two sub-videos",
        "dead-letters": "segments that nobody can use",
    },
    own=IngestSettings,
    shared=(
        Group(Connections, ("kafka_bootstrap", "registry_url")),
        Group(S3Settings),
        Group(FileAccess),
        Group(ServiceSettings),
        Group(TracingSettings),
    ),
    stages=("ingest",),
)
