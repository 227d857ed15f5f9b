"""Reads of chat."""
