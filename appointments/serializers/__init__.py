"""Shapes of the workshop's routes."""
