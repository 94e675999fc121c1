"""Errors of the re-identification service.

ReidError
├── EmbedderError
│   ├── ModelNotFoundError        no file or folder at the given path
│   ├── UnreadableModelError      the file is there but no backend can load it
│   └── ModelDescriptionError     nothing says how crops are prepared, or it says it wrongly
├── CropError                     an array that is no uint8 H×W×3 crop
├── UnknownTrackerError           a tracker name that is not offered
├── MissingExtraError             a tracker of BoxMOT, which is not installed
├── DetectionShapeError           boxes, scores, classes and embeddings that do not fit together
├── BucketError                   a bucket out of order or with an unknown camera
└── SnapshotError                 bytes that are no snapshot of this state machine
"""


class ReidError(Exception):
    """Base of all errors of this service."""


class EmbedderError(ReidError):
    """An embedding model cannot be used."""


class ModelNotFoundError(EmbedderError):
    """No file or folder at the given path."""


class UnreadableModelError(EmbedderError):
    """The model file exists but cannot be loaded."""


class ModelDescriptionError(EmbedderError):
    """The description of a model's input is missing or wrong."""


class CropError(ReidError):
    """An image crop of the wrong type or shape."""


class UnknownTrackerError(ReidError):
    """A tracker name that is not offered."""


class MissingExtraError(ReidError):
    """A tracker of BoxMOT, which is not installed."""


class DetectionShapeError(ReidError):
    """Boxes, confidences, classes and embeddings of one frame do not fit together."""


class BucketError(ReidError):
    """A frame bucket that is out of order or names an unknown camera."""


class SnapshotError(ReidError):
    """Bytes that are not a snapshot of this state machine."""
