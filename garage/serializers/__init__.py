"""Shapes of the garage's input and output."""
