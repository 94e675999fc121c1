"""What the mapper is, for its --help and its README."""

from spoton_common.description import Description, Group
from spoton_common.settings import Connections, ServiceSettings, TracingSettings

from spoton_mapper.settings import MapperSettings

MAPPER = Description(
    module="spoton_mapper",
    package="spoton-mapper",
    summary="Puts identities on the floor map, smoothed and in metres.",
    reads={
        "global-ids": "identities, a record a tick, in order a task",
        "habits": "what earlier tasks taught of the environment, when a task begins",
        "state-mapper": "smoothed paths, after a restart",
    },
    writes={
        "map-points": "positions of boxes and people; one record for one record",
        "task-status": "progress each second",
        "state-mapper": "smoothed paths",
        "commands": "the stop of a task whose state cannot be read",
        "dead-letters": "records that cannot be used",
    },
    own=MapperSettings,
    shared=(
        Group(Connections, ("kafka_bootstrap", "registry_url")),
        Group(ServiceSettings),
        Group(TracingSettings),
    ),
    stages=("mapper",),
)
