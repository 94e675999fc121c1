"""What can go wrong with the local stack.

StackError
├── StateDirNotFound      not inside a checkout and SPOTON_LOCAL_DIR is not set
├── NotRunning            connections asked for, but the stack was never started
├── BadPort               a port setting is not a usable port number
├── PortInUse             somebody else listens on a port that a component needs
├── DownloadFailed        an artifact could not be fetched
│   └── ChecksumMismatch  … or was, and is not the locked one
├── NotReady              a condition did not hold before its deadline
├── ProcessDied           a component ended while it was being started
├── CommandFailed         a helper command (format, initdb, schemas) returned non-zero
├── WrongPassword         the stored password does not open the database
└── StartAborted          another component failed, so this one was not waited for
"""


class StackError(Exception):
    """Base of every error that a user of the local stack may see; its text is the whole message."""


class StateDirNotFound(StackError):
    """No checkout was found above the working directory."""


class NotRunning(StackError):
    """The stack has no recorded settings: it was never started here."""


class BadPort(StackError):
    """A port setting is not a usable port number."""


class PortInUse(StackError):
    """Another process listens on a port that a component needs."""


class DownloadFailed(StackError):
    """An artifact could not be fetched."""


class ChecksumMismatch(DownloadFailed):
    """A fetched artifact is not the one in the lock file."""


class NotReady(StackError):
    """A condition did not hold before its deadline."""


class ProcessDied(StackError):
    """A component ended while it was being started."""


class CommandFailed(StackError):
    """A helper command returned a non-zero status."""


class WrongPassword(StackError):
    """The stored password does not open the database."""


class StartAborted(StackError):
    """Another component failed first."""
