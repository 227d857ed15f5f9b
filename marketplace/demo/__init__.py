"""The demo shelf: hundreds of tunes over real vehicle models, the same at every start."""

from marketplace.demo.shelf import fill_shelf

__all__ = ["fill_shelf"]
