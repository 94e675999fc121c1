"""Tracks people per camera and gives them one identity across cameras."""
