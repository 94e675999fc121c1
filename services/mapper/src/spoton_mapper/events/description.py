"""What the events process is, for its --help and the mapper's README."""

from spoton_common.description import Description, Group
from spoton_common.settings import Connections, ServiceSettings, TracingSettings

from spoton_mapper.events.settings import EventsSettings

EVENTS = Description(
    module="spoton_mapper.events",
    package="spoton-mapper",
    summary="Finds what people do on the floor.",
    reads={
        "map-points": "positions of people, a record a tick, in order a task",
        "state-events": "what goes on, after a restart",
    },
    writes={
        "events": "what happened; again once it has ended; a mark behind a task's last",
        "habits": "where a task's people walked, for later tasks of its environment",
        "task-status": "progress each second",
        "state-events": "what goes on",
        "dead-letters": "records that cannot be used",
    },
    own=EventsSettings,
    shared=(
        Group(Connections, ("kafka_bootstrap", "registry_url")),
        Group(ServiceSettings),
        Group(TracingSettings),
    ),
    stages=("events",),
)
