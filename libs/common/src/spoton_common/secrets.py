"""Placeholders are no secrets: with SPOTON_ENV=production nothing starts with one of ``.env.example``.

``python -m spoton_common.secrets NAME…`` checks variables before servers that cannot check their own are started.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from spoton_common.errors import InsecureSettings

PLACEHOLDER = "change-me"
"""What every placeholder of ``.env.example`` contains."""

_ENVIRONMENTS = ("development", "production")


def is_production(environ: Mapping[str, str] = os.environ) -> bool:
    """Read SPOTON_ENV; ``InsecureSettings`` if it is neither of the two, so that a slip opens nothing."""
    chosen = environ.get("SPOTON_ENV", "development")
    if chosen not in _ENVIRONMENTS:
        raise InsecureSettings(f"SPOTON_ENV={chosen} is none of {', '.join(_ENVIRONMENTS)}")
    return chosen == "production"


def require_secret(name: str, value: str) -> None:
    """Let a secret pass; ``InsecureSettings`` names it if in production it is empty or a placeholder."""
    if is_production() and (not value or PLACEHOLDER in value):
        fault = "a placeholder" if value else "empty"
        raise InsecureSettings(f"{name}: the secret is {fault}; set a real one, or SPOTON_ENV=development")


def require_password(name: str, url: str) -> None:
    """Do the same for the password within a URL."""
    require_secret(name, urlsplit(url).password or "")


def main(names: Sequence[str]) -> int:
    """Check the variables of these names and say which one is to blame."""
    try:
        for name in names:
            require_secret(name, os.environ.get(name, ""))
    except InsecureSettings as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
