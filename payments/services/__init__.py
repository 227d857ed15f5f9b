"""Deeds of payments. `settle` is the one door through which money becomes a right."""

from payments.services.counter import accept, collect_cash, reject
from payments.services.orders import cancel_order, expire, open_order, present_order
from payments.services.reconciling import reconcile, reconcile_due
from payments.services.refunds import refund, send, settle_refund
from payments.services.settling import Settlement, settle

__all__ = [
    "Settlement",
    "accept",
    "cancel_order",
    "collect_cash",
    "expire",
    "open_order",
    "present_order",
    "reconcile",
    "reconcile_due",
    "refund",
    "reject",
    "send",
    "settle",
    "settle_refund",
]
