"""Scores identities and positions against ground truth."""
