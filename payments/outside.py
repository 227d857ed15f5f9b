"""Gateways are called outside transactions: a lock must never wait for somebody else's network."""

from django.db import connection

from payments.errors import UnknownGateway
from payments.ports import Gateway, gateways


def gateway_named(name: str) -> Gateway:
    """The gateway to talk to now. Raises RuntimeError inside a transaction: the caller is wrong.

    (The transaction that Django's TestCase puts around a test doesn't count, as for `atomic(durable=True)`.)
    """
    blocks = connection.atomic_blocks if connection.in_atomic_block else []
    if any(not getattr(block, "_from_testcase", False) for block in blocks):
        raise RuntimeError("A gateway is called inside a transaction.")
    if name not in gateways:
        raise UnknownGateway
    return gateways[name]
