"""Jobs of memberships; each repeats harmlessly."""

from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from memberships.services import codes, giving, referring, renewing, standing
from memberships.services.lives import CANCEL_SUBSCRIPTION, CARRY_PLAN
from payments.errors import GatewayUnavailable

PATIENT = RetryStrategy(max_attempts=8, exponential_wait=5, retry_exceptions=[GatewayUnavailable])


@app.task(name=CANCEL_SUBSCRIPTION, retry=PATIENT)
def cancel_subscription(subscription_id: str, at_period_end: bool) -> None:
    """End a standing order at its gateway."""
    standing.stop(UUID(subscription_id), at_period_end=at_period_end)


@app.task(name=CARRY_PLAN, retry=PATIENT)
def carry_plan(membership_id: str) -> None:
    """Tell the gateway which plan to charge from the next cycle on."""
    standing.carry(UUID(membership_id))


@app.periodic(cron="*/10 * * * *")
@app.task(name="memberships.renew", queueing_lock="memberships.renew")
def renew(timestamp: int) -> None:
    """Every ten minutes: what time does to memberships, renewals for sale, people told in time."""
    renewing.run_due()


@app.periodic(cron="7 * * * *")
@app.task(name="memberships.credit_referrals", queueing_lock="memberships.credit_referrals")
def credit_referrals(timestamp: int) -> None:
    """Every hour: referrals whose payment can't go back any more; rewards whose time is over."""
    referring.credit_due()
    giving.expire_due()


@app.periodic(cron="*/5 * * * *")
@app.task(name="memberships.give_codes", queueing_lock="memberships.give_codes")
def give_codes(timestamp: int) -> None:
    """Every five minutes: a referral code for accounts that were made at a console, or before codes were."""
    codes.give_codes()
