"""What the gateway and the sink are, for their --help and their README."""

from spoton_common.description import Description, Group
from spoton_common.settings import Connections, FileAccess, S3Settings, ServiceSettings, TracingSettings

from spoton_gateway.settings import GatewaySettings, SinkSettings
from spoton_gateway.uploads.settings import UploadSettings
from spoton_gateway.videos.settings import VideoSettings, WorkerSettings

GATEWAY = Description(
    module="spoton_gateway",
    package="spoton-gateway",
    summary="REST, WebSocket, videos and the web page.",
    reads={
        "map-points, identity-revisions, events, task-status": "what WebSocket clients are told",
        "environments": "scenes and their videos",
        "PostgreSQL": "tasks, trajectories, exports, who looks alike",
        "file://, s3://": "videos for the page, annotated videos",
    },
    writes={
        "segments": "the work of a task that is started",
        "environments": "the place of an uploaded video",
        "commands": "pause, resume, stop, focus",
        "task-status": "that a task is accepted",
        "PostgreSQL": "the task, before it starts; jobs",
        "file://, s3://": "uploaded videos",
    },
    own=GatewaySettings,
    shared=(
        Group(UploadSettings),
        Group(VideoSettings),
        Group(Connections),
        Group(S3Settings),
        Group(FileAccess),
        Group(ServiceSettings),
        Group(TracingSettings),
    ),
    stages=("gateway",),
)

SINK = Description(
    module="spoton_gateway.sinks",
    package="spoton-gateway",
    summary="Writes the line's results into PostgreSQL.",
    reads={
        "map-points": "positions, boxes, identities",
        "identity-revisions": "corrections",
        "appearances": "what identities look like, where there is pgvector",
        "events": "what happened",
        "task-status": "progress and failures",
    },
    writes={
        "PostgreSQL": "rows with natural keys, once the transaction is through",
        "dead-letters": "records that cannot be read or stored",
    },
    own=SinkSettings,
    shared=(
        Group(Connections, ("kafka_bootstrap", "registry_url", "database_url")),
        Group(ServiceSettings),
        Group(TracingSettings),
    ),
    stages=("sink",),
)

VIDEOS = Description(
    module="spoton_gateway.videos",
    package="spoton-gateway",
    summary="Draws what was found into the videos of tasks.",
    reads={
        "PostgreSQL": "which videos are wanted; boxes, identities, events, positions",
        "file://, s3://": "the tasks' own videos",
    },
    writes={
        "PostgreSQL": "how far each video is",
        "file://, s3://": "finished videos",
    },
    own=WorkerSettings,
    shared=(
        Group(VideoSettings),
        Group(Connections, ("database_url",)),
        Group(S3Settings),
        Group(FileAccess),
        Group(ServiceSettings),
    ),
    stages=("videos",),
)
