"""Jobs of payments; each repeats harmlessly."""

from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from core.rls import as_system
from payments.errors import GatewayUnavailable
from payments.models import Payment
from payments.services import reconcile, refunds, webhooks

PATIENCE = RetryStrategy(max_attempts=6, exponential_wait=5, retry_exceptions=[GatewayUnavailable])


@app.task(queue="payments", retry=PATIENCE)
def send_refund(refund_id: str) -> None:
    """Send one refund to its gateway."""
    refunds.send(UUID(refund_id))


@app.task(queue="payments")
def handle_webhook(event_id: str) -> None:
    """Handle one stored event; what fails is tried again by `retry_webhooks`."""
    webhooks.handle(UUID(event_id))


@app.periodic(cron="* * * * *")
@app.task(queue="payments", queueing_lock="payments-retry-webhooks")
def retry_webhooks(timestamp: int) -> None:
    """Once a minute: stored events whose next try is due."""
    webhooks.handle_due()


@app.task(queue="payments", retry=PATIENCE)
def reconcile_payment(payment_id: str) -> None:
    """Ask the gateway about one payment."""
    with as_system("the till looks at its own rows"):
        payment = Payment.objects.get(pk=payment_id)
    reconcile.reconcile(payment)


@app.periodic(cron="*/5 * * * *")
@app.task(queue="payments", queueing_lock="payments-reconcile")
def reconcile_payments(timestamp: int) -> None:
    """Every five minutes: payments whose next look is due, refunds that hang, payments whose time is over."""
    reconcile.reconcile_due()
