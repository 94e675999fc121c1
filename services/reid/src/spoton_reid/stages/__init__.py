"""Tracking and association between topics."""
