"""Appearances of identities, searchable."""

from spoton_reid.gallery.index import Gallery, Match

__all__ = ["Gallery", "Match"]
