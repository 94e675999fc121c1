"""Errors of the command line; each is shown as its message.

CommandError
├── GatewayRefused      the gateway answered with a problem
├── GatewayUnreachable  nobody answers at the gateway's address
├── NoSuchLetter        there is no dead letter of that id
├── ServiceFallen       a process of the stack ended while it was needed
├── JobFailed           a job ended, but not as completed
└── FramesMissing       a task ended, but not every frame came out
"""


class CommandError(Exception):
    """Something that the user can act on."""


class GatewayRefused(CommandError):
    """The gateway answered with a problem."""


class GatewayUnreachable(CommandError):
    """Nobody answers at the gateway's address."""


class FramesMissing(CommandError):
    """A task ended, but not every frame came out."""


class NoSuchLetter(CommandError):
    """There is no dead letter of that id."""


class ServiceFallen(CommandError):
    """A process of the stack ended while it was needed."""


class JobFailed(CommandError):
    """A job ended, but not as completed."""
