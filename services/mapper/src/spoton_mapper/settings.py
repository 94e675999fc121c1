"""Settings of the mapper. Read from ``SPOTON_MAPPER_*`` variables."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from spoton_mapper.ground_plane import FootNoise
from spoton_mapper.mapper import MapperParameters
from spoton_mapper.trajectory import Smoothing

_NOISE = FootNoise()
_SMOOTHING = Smoothing()


class MapperSettings(BaseSettings):
    """How the mapper weighs and smooths positions."""

    model_config = SettingsConfigDict(
        env_prefix="SPOTON_MAPPER_", frozen=True, cli_kebab_case=True, cli_prog_name="spoton_mapper"
    )

    foot_noise_px: float = Field(_NOISE.pixels, gt=0, description="Smallest error of a box's foot, pixels")
    plane_noise_m: float = Field(_NOISE.plane_m, ge=0, description="What the cameras' floors differ by, metres")
    acceleration_psd: float = Field(
        _SMOOTHING.acceleration_psd, gt=0, description="How abruptly people change their velocity, m²/s³"
    )
    coast_s: float = Field(_SMOOTHING.coast_s, ge=0, description="How long an unseen person is carried on, seconds")

    def parameters(self) -> MapperParameters:
        """Put them in the form that the mapper's core takes."""
        return MapperParameters(
            FootNoise(pixels=self.foot_noise_px, plane_m=self.plane_noise_m),
            Smoothing(acceleration_psd=self.acceleration_psd, coast_s=self.coast_s),
        )
