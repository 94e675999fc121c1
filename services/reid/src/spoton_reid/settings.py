"""Settings of Re-ID. Read from ``SPOTON_REID_*`` variables and the command line."""

from typing import Literal

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from spoton_reid.association import AssociationParameters


class ReidSettings(BaseSettings):
    """What Re-ID alone has."""

    model_config = SettingsConfigDict(
        env_prefix="SPOTON_REID_", frozen=True, cli_kebab_case=True, cli_prog_name="spoton_reid", populate_by_name=True
    )

    stage: Literal["all", "track", "associate"] = Field("all", description="Which part this process runs")
    embedder: str = Field(
        "spoton-demo",
        validation_alias=AliasChoices("embedder", "SPOTON_EMBEDDER_MODEL"),
        description="Path or name of the Re-ID model",
    )
    tracker: Literal["tracklet", "botsort", "bytetrack", "ocsort", "deepocsort", "boosttrack"] = Field(
        "tracklet", description="Tracker of a camera"
    )
    use_appearance: bool = Field(False, description="Let BoT-SORT, DeepOCSORT or BoostTrack use embeddings")
    threads: int = Field(2, ge=1, description="CPU threads of the embedding model")
    precision: Literal["f32", "bf16"] = Field(
        "f32", description="OpenVINO: arithmetic; bf16 is faster where the CPU has instructions for it, and less exact"
    )
    device: str = Field("cpu", description="For TorchScript models: cpu, cuda:0")
    label_delay_s: float = Field(
        AssociationParameters().label_delay_s,
        ge=0,
        description="Identities are published this much video later, seconds",
    )
    gallery_keep_s: int = Field(3600, ge=1, description="How long somebody stays in the recent gallery, seconds")
