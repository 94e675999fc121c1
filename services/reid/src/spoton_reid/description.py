"""What Re-ID is, for its --help and its README."""

from spoton_common.description import Description, Group
from spoton_common.settings import Connections, ServiceSettings, TracingSettings

from spoton_reid.settings import ReidSettings

REID = Description(
    module="spoton_reid",
    package="spoton-reid",
    summary="Tracks people per camera and gives them one identity across cameras.",
    reads={
        "detections": "by track: boxes and crops, in order a camera",
        "tracks": "by associate: all cameras of a task",
        "appearances": "by gallery: what identities look like",
        "state-track, state-associate": "where to go on after a restart",
    },
    writes={
        "tracks": "by track: tracklets of a camera, some with embeddings",
        "global-ids": "by associate: identities, a record a tick",
        "identity-revisions": "by associate: what later evidence corrects",
        "appearances": "by associate: an embedding an identity",
        "events": "by associate: camera_health and camera_drift, what is found about clocks and planes",
        "task-status": "progress each second",
        "state-track, state-associate": "trackers; tracklets and identities",
        "commands": "the stop of a task whose state cannot be read",
        "dead-letters": "records that cannot be used",
        "Redis": "by gallery: who was seen lately",
    },
    own=ReidSettings,
    shared=(
        Group(Connections, ("kafka_bootstrap", "registry_url", "redis_url")),
        Group(ServiceSettings),
        Group(TracingSettings),
    ),
    stages=("track", "associate", "gallery"),
)
