"""What the detector is, for its --help and its README."""

from spoton_common.description import Description, Group
from spoton_common.settings import Connections, ServiceSettings, TracingSettings

from spoton_detector.settings import DetectorSettings

DETECTOR = Description(
    module="spoton_detector",
    package="spoton-detector",
    summary="Finds people and objects in pictures.",
    reads={
        "frames": "pictures and marks, in order a camera",
        "state-detector": "which classes each camera wants, after a restart",
    },
    writes={
        "detections": "boxes, and crops of people; one record for one record",
        "task-status": "progress each second",
        "state-detector": "which classes each camera wants",
        "dead-letters": "records and pictures that cannot be used",
    },
    own=DetectorSettings,
    shared=(
        Group(Connections, ("kafka_bootstrap", "registry_url")),
        Group(ServiceSettings),
        Group(TracingSettings),
    ),
    stages=("detector",),
)
