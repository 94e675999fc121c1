"""Errors of the detector.

SpotonError (spoton_common)
└── DetectorError
    ├── UnknownModel       no file, folder or known name stands behind the model setting
    ├── ModelUnavailable   its weights could not be fetched, or what runs it is not installed
    └── UnusableModel      the file is there, but it is not a detector that we can run
"""

from spoton_common.errors import SpotonError


class DetectorError(SpotonError):
    """Base of this service's errors; each ends the process at start-up with its message."""


class UnknownModel(DetectorError):
    """No file, folder or known name stands behind the model setting."""


class ModelUnavailable(DetectorError):
    """The weights of a known model could not be fetched, or the library that runs it is not installed."""


class UnusableModel(DetectorError):
    """A model file that is broken, of another task, or of an unexpected shape."""
