"""Errors of the training tool.

TrainingError
├── RecipeError      a size or count that no data set can have
└── ModelFileError   a model file that is missing or is not what the evaluation expects
"""


class TrainingError(Exception):
    """Anything that this tool reports to its user without a traceback."""


class RecipeError(TrainingError):
    """A recipe asks for something that cannot be drawn, such as no scenes."""


class ModelFileError(TrainingError):
    """A model file is missing, unreadable or has other inputs or outputs than expected."""
