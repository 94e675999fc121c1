"""The compose file as it reads with its settings filled in."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).parents[3]
_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::-(?P<default>[^}]*)|:\?[^}]*)?\}")


@pytest.fixture(scope="session")
def checkout() -> Path:
    return CHECKOUT


@pytest.fixture(scope="session")
def compose_text(checkout: Path) -> str:
    return (checkout / "docker-compose.yml").read_text()


@pytest.fixture(scope="session")
def compose_variables(compose_text: str) -> set[str]:
    return {match["name"] for match in _VARIABLE.finditer(compose_text)}


@pytest.fixture(scope="session")
def compose(compose_text: str) -> dict[str, Any]:
    """Return the compose file with defaults filled in, and a secret for every variable that has none."""
    filled = _VARIABLE.sub(lambda match: match["default"] or f"test-{match['name'].lower()}", compose_text)
    document: dict[str, Any] = yaml.safe_load(filled)
    return document
