"""Leave for the local services to read certain files: given by the person who names them on the command line."""

from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from spoton_local import Layout


def allow(layout: Layout, uris: Iterable[str]) -> None:
    """Let ingest and gateway read these file:// URIs, and nothing beside them; other schemes need no leave."""
    paths = [unquote(parts.path) for uri in uris if (parts := urlsplit(uri)).scheme == "file"]
    known = set(layout.file_roots.read_text(encoding="utf-8").splitlines()) if layout.file_roots.exists() else set()
    new = sorted(set(paths) - known)
    if new:
        with layout.file_roots.open("a", encoding="utf-8") as roots:
            roots.writelines(f"{path}\n" for path in new)
