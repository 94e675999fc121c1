"""What is known of a place: its cameras and its floor. Floor coordinates are metres."""

from typing import Annotated, Self

import numpy as np
from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    model_validator,
)

from spoton_common.geometry import FloorArea, FloorLine, Homography

Identifier = Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
PositiveNumber = Annotated[float, Field(gt=0, allow_inf_nan=False)]
FloorPoint = tuple[FiniteFloat, FiniteFloat]
Row = tuple[FiniteFloat, FiniteFloat, FiniteFloat]
Matrix = tuple[Row, Row, Row]


def _simple_polygon(corners: tuple[FloorPoint, ...]) -> tuple[FloorPoint, ...]:
    FloorArea(corners)
    return corners


PolygonCorners = Annotated[tuple[FloorPoint, ...], AfterValidator(_simple_polygon)]


class FrozenModel(BaseModel):
    """Immutable, and without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Zone(FrozenModel):
    """A named area of the floor; corners in order, the last joined to the first."""

    id: Identifier
    polygon: PolygonCorners


class Tripwire(FrozenModel):
    """A line on the floor whose crossing is an event; `FloorLine` defines its directions.

    Files call the ends `from` and `to`.
    """

    id: Identifier
    start: FloorPoint = Field(validation_alias=AliasChoices("from", "start"))
    end: FloorPoint = Field(validation_alias=AliasChoices("to", "end"))

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        FloorLine(self.start, self.end)
        return self


class FloorMap(FrozenModel):
    """A picture of the floor from above: floor (x, y) lies at pixel origin_px + (x, y) / metres_per_pixel.

    So x runs to the right and y downwards in the picture.
    """

    image: str = Field(description="URL of the picture")
    metres_per_pixel: PositiveNumber
    origin_px: tuple[FiniteFloat, FiniteFloat] = (0.0, 0.0)


class Camera(FrozenModel):
    """One fixed camera.

    Attributes:
        sources: URLs (file:// or s3://) of its sub-videos, in order.
        clock_offset_s: added to this camera's time to get the scene's time.
        homography: image pixel (u, v, 1) to floor metres, signed so that the third component is positive on
            the floor's side of the horizon; None for a camera without a place on the floor.

    """

    id: Identifier
    sources: tuple[str, ...] = Field(min_length=1)
    clock_offset_s: FiniteFloat = 0.0
    homography: Matrix | None = None

    @property
    def floor_homography(self) -> Homography | None:
        """The matrix as a `Homography`."""
        return None if self.homography is None else Homography(np.array(self.homography))


class Environment(FrozenModel):
    """A place and the cameras that look at it, with all paths resolved.

    Attributes:
        processing_fps: frames taken per second of video; None: the video's own rate.
        classes: object classes to detect, by their COCO names.
        monitored_area: people outside of this polygon get no identity; None: everybody does.

    """

    id: Identifier
    name: str
    processing_fps: PositiveNumber | None = None
    classes: tuple[str, ...] = ("person",)
    cameras: tuple[Camera, ...] = Field(min_length=1)
    map: FloorMap | None = None
    monitored_area: PolygonCorners | None = None
    zones: tuple[Zone, ...] = ()
    tripwires: tuple[Tripwire, ...] = ()
