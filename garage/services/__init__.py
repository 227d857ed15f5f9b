"""Deeds of the garage."""
