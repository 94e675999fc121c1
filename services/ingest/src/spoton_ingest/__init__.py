"""Turns video segments into timed frames."""
