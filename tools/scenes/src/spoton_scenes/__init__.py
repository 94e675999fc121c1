"""Renders calibrated multi-camera scenes with exact ground truth."""
