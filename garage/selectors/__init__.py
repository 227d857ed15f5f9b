"""Reads that take more than one line."""
