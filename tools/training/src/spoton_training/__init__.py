"""Trains the shipped demo models on generated scenes."""
