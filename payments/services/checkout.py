"""The sandbox's checkout: somebody pays, their bank refuses, or the money comes too late."""

from collections.abc import Mapping

from core.rls import as_system
from payments.errors import UnknownOrder
from payments.gateways.sandbox import Sandbox, SandboxResult
from payments.models import Payment
from payments.outside import gateway_named
from payments.ports import gateways
from payments.services.orders import expire
from payments.services.webhooks import receive


def check_out(
    order_id: str, *, succeeds: bool, late: bool = False, card: Mapping[str, str] | None = None
) -> tuple[SandboxResult, Payment]:
    """Play the person at the checkout; the signed webhook is delivered at once, as by a quick gateway.

    `late`: our payment's time runs out first; `card` is what is paid with. Raises UnknownOrder (404), also where the sandbox is off.
    """
    way = gateway_named("sandbox")
    payment = find(order_id)
    if not isinstance(way, Sandbox):
        raise UnknownOrder
    if late:
        expire(payment)
    result = way.check_out(order_id, succeeds=succeeds, card=card)
    receive(gateway="sandbox", raw=result.webhook, headers=result.headers)
    return result, find(order_id)


def find(order_id: str) -> Payment:
    """The payment of a sandbox order; whoever knows the order's id may look, as at a gateway's own page."""
    if not gateways["sandbox"].enabled:
        raise UnknownOrder
    with as_system("the sandbox's page has no login"):
        found: Payment | None = Payment.objects.filter(gateway="sandbox", gateway_order_id=order_id).first()
    if found is None:
        raise UnknownOrder
    return found
