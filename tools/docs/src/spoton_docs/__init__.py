"""The parts of the documentation that follow from the code."""

from spoton_docs.pages import SERVICES, outdated, pages, rewrite

__all__ = ["SERVICES", "outdated", "pages", "rewrite"]
