"""Doors of the marketplace."""
