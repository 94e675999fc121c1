"""Settings of the events process. Read from ``SPOTON_EVENTS_*`` variables."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from spoton_mapper.behaviour import BehaviourParameters

_DEFAULT = BehaviourParameters()


class EventsSettings(BaseSettings):
    """What counts as an event."""

    model_config = SettingsConfigDict(
        env_prefix="SPOTON_EVENTS_", frozen=True, cli_kebab_case=True, cli_prog_name="spoton_mapper.events"
    )

    dwell_s: float = Field(_DEFAULT.dwell_s, gt=0, description="Staying in a zone for so long is an event, seconds")
    running_m_s: float = Field(_DEFAULT.running_m_s, gt=_DEFAULT.slowing_m_s, description="Faster is running, m/s")
    loiter_s: float = Field(_DEFAULT.loiter_s, gt=0, description="Hanging about for so long is loitering, seconds")
    loiter_m: float = Field(_DEFAULT.loiter_m, gt=0, description="… within this distance of one place, metres")
    meeting_m: float = Field(
        _DEFAULT.meeting_m, gt=0, le=_DEFAULT.parting_m, description="Nearer than this two people meet, metres"
    )
    meeting_s: float = Field(_DEFAULT.meeting_s, ge=0, description="… if they stay so for this long, seconds")
    crowd: int = Field(_DEFAULT.crowd, ge=1, description="More people than this in one zone are a crowd")
    known_people: int = Field(
        _DEFAULT.known_people, ge=1, description="So many must have come along before anything is unusual"
    )

    def parameters(self) -> BehaviourParameters:
        """Put them in the form that the rules take."""
        return BehaviourParameters(**self.model_dump())
