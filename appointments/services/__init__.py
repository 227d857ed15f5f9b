"""Deeds of the workshop. Every change of a time, whoever makes it, goes through services/guard.py."""
