"""Doors of the tuner routes."""
