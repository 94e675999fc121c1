"""Finds people and objects in frames."""
