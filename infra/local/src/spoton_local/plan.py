"""What `up` was last asked for: ports and model choices."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from spoton_local.layout import Layout, read_json, write_atomically
from spoton_local.ports import Ports, read_ports

DETECTOR_VARIABLE = "SPOTON_DETECTOR_MODEL"
EMBEDDER_VARIABLE = "SPOTON_EMBEDDER_MODEL"


@dataclass(frozen=True)
class Plan:
    """The choices of one `up`; None as a model leaves the choice to the service."""

    ports: Ports
    detector_model: str | None = None
    embedder_model: str | None = None


def load_plan(layout: Layout) -> Plan | None:
    """Return the plan of the last `up`; None where there is none, or another version of SpotOn wrote it."""
    stored = read_json(layout.plan)
    if stored is None:
        return None
    try:
        return Plan(**{**stored, "ports": Ports(**stored["ports"])})
    except (KeyError, TypeError):
        return None


def save_plan(layout: Layout, plan: Plan) -> None:
    """Remember the plan for `status`, `down`, `connections` and the next `up`."""
    write_atomically(layout.plan, json.dumps(asdict(plan), indent=2) + "\n")


def make_plan(
    remembered: Plan | None,
    *,
    detector: str | None,
    embedder: str | None,
    environ: Mapping[str, str] = os.environ,
) -> Plan:
    """Choices in this order: argument, setting, what the running stack has (`remembered`), default.

    Raises:
        BadPort: a port setting is unusable.

    """
    return Plan(
        ports=read_ports(environ, remembered.ports if remembered else None),
        detector_model=absolute_model(detector or environ.get(DETECTOR_VARIABLE))
        or (remembered.detector_model if remembered else None),
        embedder_model=absolute_model(embedder or environ.get(EMBEDDER_VARIABLE))
        or (remembered.embedder_model if remembered else None),
    )


def absolute_model(choice: str | None, cwd: Path | None = None) -> str | None:
    """Return an existing relative path as an absolute one; anything else is a model's name and stays."""
    if not choice:
        return None
    path = (cwd or Path.cwd()) / choice
    return str(path.absolute()) if path.exists() else choice
