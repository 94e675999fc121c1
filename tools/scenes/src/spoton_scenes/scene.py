"""What there is to see: a floor with walls, doors and obstacles, people, cameras, light. Plain frozen values.

Positions are in the floor frame of `cameras` (x right, y down on the map, metres); the floor is the rectangle
(0, 0) … (width_m, depth_m). Headings are radians in that frame: 0 looks along +x, pi/2 along +y.
"""

from dataclasses import dataclass
from typing import Literal

from spoton_scenes.appearance import Appearance
from spoton_scenes.cameras import Camera
from spoton_scenes.errors import SceneArgumentError
from spoton_scenes.fabrics import Rgb
from spoton_scenes.gait import Gait


@dataclass(frozen=True)
class Person:
    """A person of the scene; `person_id` counts from 1 and is the identity in the ground truth."""

    person_id: int
    looks: Appearance
    gait: Gait


@dataclass(frozen=True)
class Obstacle:
    """Something standing on the floor: nobody walks through it and it hides what is behind it."""

    kind: Literal["pillar", "crate", "plant", "screen"]
    x_m: float
    y_m: float
    half_x_m: float
    half_y_m: float
    height_m: float
    colour: Rgb

    @property
    def radius_m(self) -> float:
        """Radius of the circle that people keep out of."""
        return max(self.half_x_m, self.half_y_m)


@dataclass(frozen=True)
class Door:
    """An opening in a wall around (x_m, y_m); (inward_x, inward_y) is the unit vector into the room."""

    x_m: float
    y_m: float
    inward_x: float
    inward_y: float
    width_m: float = 1.5


@dataclass(frozen=True)
class Look:
    """Surfaces and light: strengths are RGB factors, the key light shines along `key_direction`."""

    floor_style: str
    floor_colours: tuple[Rgb, Rgb]
    wall_style: str
    wall_colours: tuple[Rgb, Rgb]
    wall_height_m: float
    sky: Rgb
    ambient: Rgb
    key: Rgb
    key_direction: tuple[float, float, float]
    fill: Rgb
    texture_seed: int

    @property
    def indoors(self) -> bool:
        """Whether there are walls."""
        return self.wall_height_m > 0


@dataclass(frozen=True)
class PersonState:
    """Where and how Scene.people[index] is at one moment; see gait.walking_pose for phase and stride."""

    index: int
    x_m: float
    y_m: float
    heading_rad: float
    phase_rad: float
    stride: float


@dataclass(frozen=True)
class Scene:
    """Everything that stays the same while the scene is filmed.

    `away_s` bounds how long somebody who left stays away before coming back, `pause_s` how long somebody stands where
    they stop, seconds.
    """

    name: str
    seed: int
    width_m: float
    depth_m: float
    cameras: tuple[Camera, ...]
    people: tuple[Person, ...]
    obstacles: tuple[Obstacle, ...]
    doors: tuple[Door, ...]
    look: Look
    away_s: tuple[float, float] = (1.5, 6.0)
    pause_s: tuple[float, float] = (0.8, 3.0)

    def __post_init__(self) -> None:
        if not self.cameras:
            raise SceneArgumentError("a scene needs at least 1 camera")
        if self.width_m <= 0 or self.depth_m <= 0:
            raise SceneArgumentError("the floor must have a positive width and depth")
