"""Measures what SpotOn costs, against other ways of doing the same; see bench/RESULTS.md."""
