"""Shapes of the marketplace's input and output."""
