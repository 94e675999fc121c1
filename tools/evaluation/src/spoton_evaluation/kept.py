"""Results of runs that need not be made again: a run follows from data, models, variant and code."""

import pickle
from functools import cache
from hashlib import sha256
from importlib import import_module
from pathlib import Path

from spoton_evaluation.jobs import Found, Job
from spoton_evaluation.offline.cache import Cache, whole_file

_PACKAGES = ("spoton_common", "spoton_evaluation", "spoton_mapper", "spoton_reid", "spoton_schemas")
_ONLY_ORDER_OR_DRAW = {"command.py", "kept.py", "pictures", "summary.py"}


def recall(job: Job) -> Found | None:
    """Return what came of a run of the same, if it was kept."""
    path = _path(job)
    if not path.is_file():
        return None
    found = pickle.loads(path.read_bytes())  # noqa: S301 - `keep` wrote it
    assert isinstance(found, Found), path
    return found


def keep(job: Job, found: Found) -> None:
    """Keep what came of a run, in place of what was kept of older code."""
    path = _path(job)
    with whole_file(path) as unfinished:
        unfinished.write_bytes(pickle.dumps(found, protocol=pickle.HIGHEST_PROTOCOL))
    for older in path.parent.glob(f"{path.name.rpartition('-')[0]}-*.pickle"):
        if older != path:
            older.unlink()


def _path(job: Job) -> Path:
    contents, dataset = Cache(job.folders.cache), job.dataset
    data = (dataset.environment.name, contents.content(dataset.ground_truth), repr(dataset.models))
    kind = f"result-{dataset.name}.{job.variant.name}"
    return contents.path(kind, _code(), repr(job.variant), *data, suffix=".pickle")


@cache
def _code() -> str:
    """Hash the sources of the packages that figures follow from."""
    digest = sha256()
    for name in _PACKAGES:
        package = import_module(name).__path__[0]
        for file in sorted(Path(package).rglob("*.py")):
            if not {file.name, file.parent.name} & _ONLY_ORDER_OR_DRAW:
                digest.update(file.read_bytes())
    return digest.hexdigest()
