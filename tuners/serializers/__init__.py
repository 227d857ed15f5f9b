"""Shapes of the tuner routes."""
