"""Deeds of payments. `settle` is the one door through which money becomes a right."""

from payments.services.orders import open_order, present_order

__all__ = ["open_order", "present_order"]
