"""Puts identities on the floor map, smoothed and in metres."""
