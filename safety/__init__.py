"""Judges tune files against vehicles. The engine (everything but models, services and views) knows no Django."""
