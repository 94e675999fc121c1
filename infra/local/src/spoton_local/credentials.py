"""Passwords of the local servers, made on the first start and kept beside the data they open."""

import json
import secrets
from dataclasses import asdict, dataclass, field

from spoton_local.layout import Layout, read_json, write_atomically


@dataclass(frozen=True)
class Credentials:
    """Passwords (URL-safe text, 24 random bytes each)."""

    postgres: str = field(repr=False)
    redis: str = field(repr=False)


def load_or_create(layout: Layout) -> Credentials:
    """Return the stack's passwords; generated where the file is missing."""
    stored = read_json(layout.credentials)
    if stored is not None:
        return Credentials(**stored)
    created = Credentials(postgres=secrets.token_urlsafe(24), redis=secrets.token_urlsafe(24))
    write_atomically(layout.credentials, json.dumps(asdict(created)), mode=0o600)
    return created
