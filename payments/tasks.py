"""Jobs of payments; each repeats harmlessly."""

from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from core.rls import as_system
from payments.errors import GatewayUnavailable
from payments.jobs import QUEUE
from payments.models import Payment
from payments.services import payouts, reconciling, recovery, refunds, webhooks

PATIENCE = RetryStrategy(max_attempts=6, exponential_wait=5, retry_exceptions=[GatewayUnavailable])


@app.task(name="payments.send_refund", queue=QUEUE, retry=PATIENCE)
def send_refund(refund_id: str) -> None:
    """Send one refund to its gateway; `reconcile_payments` goes on where this gives up."""
    refunds.send(UUID(refund_id))


@app.task(name="payments.handle_webhook", queue=QUEUE)
def handle_webhook(event_id: str) -> None:
    """Handle one stored event; what fails is tried again by `retry_webhooks`."""
    webhooks.handle(UUID(event_id))


@app.task(name="payments.reconcile_payment", queue=QUEUE, retry=PATIENCE)
def reconcile_payment(payment_id: str) -> None:
    """Ask the gateway about one payment."""
    with as_system("the till looks at its own rows"):
        payment = Payment.objects.get(pk=payment_id)
    reconciling.reconcile(payment)


@app.task(name="payments.send_payout", queue=QUEUE, retry=PATIENCE)
def send_payout(payout_id: str) -> None:
    """Send one payout to its gateway."""
    payouts.send(UUID(payout_id))


@app.task(name="payments.send_reversal", queue=QUEUE, retry=PATIENCE)
def send_reversal(reversal_id: str) -> None:
    """Fetch one payout back; `schedule_payouts` goes on where this gives up."""
    recovery.send(UUID(reversal_id))


@app.periodic(cron="* * * * *")
@app.task(name="payments.retry_webhooks", queue=QUEUE, queueing_lock="payments.retry_webhooks")
def retry_webhooks(timestamp: int) -> None:
    """Once a minute: stored events whose next try is due."""
    webhooks.handle_due()


@app.periodic(cron="*/5 * * * *")
@app.task(name="payments.reconcile_payments", queue=QUEUE, queueing_lock="payments.reconcile_payments")
def reconcile_payments(timestamp: int) -> None:
    """Every five minutes: payments whose next look is due, refunds that hang, payments whose time is over."""
    reconciling.reconcile_due()


@app.periodic(cron="17 3 * * *")
@app.task(name="payments.schedule_payouts", queue=QUEUE, queueing_lock="payments.schedule_payouts")
def schedule_payouts(timestamp: int) -> None:
    """Every night: what has cleared goes to its payees; what hangs, on its way or back, is asked for."""
    payouts.schedule_all()
    payouts.resume()
    recovery.resume()


@app.periodic(cron="41 3 * * *")
@app.task(name="payments.forget_webhooks", queue=QUEUE, queueing_lock="payments.forget_webhooks")
def forget_webhooks(timestamp: int) -> None:
    """Every night: the bodies of old events, which name people, are emptied."""
    webhooks.forget()
