"""The process that finds events, `python -m spoton_mapper.events`: `map-points` in, `events` out."""
