"""Doors of the garage."""
