"""Annotated videos: boxes, identities, events and the floor drawn into a task's videos, by a process of its own."""
