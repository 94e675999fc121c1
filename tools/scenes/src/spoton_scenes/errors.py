"""What can go wrong while a scene is made.

ScenesError
├── SceneArgumentError   an argument makes no scene (0 cameras, an unknown preset, …)
├── RendererError        the software renderer could not be set up
└── OutputError          the output folder cannot be written
"""


class ScenesError(Exception):
    """Base of everything this package raises on purpose."""


class SceneArgumentError(ScenesError, ValueError):
    """An argument that makes no scene; the message names it and what is allowed."""


class RendererError(ScenesError, RuntimeError):
    """Panda3D's software renderer did not give a buffer."""


class OutputError(ScenesError, OSError):
    """The output folder cannot be created or written."""
