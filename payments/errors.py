"""Refusals of payments. Codes never change."""

from core.errors import DomainError, Unavailable, constraint_errors


class PaymentsDisabled(Unavailable):
    code, message = "payments_disabled", "Online payment is switched off at the moment."


class UnknownGateway(DomainError):
    code, status, message = "unknown_gateway", 400, "There is no such way to pay."


class AmountNotPossible(DomainError):
    code, status, message = "amount_not_possible", 409, "This amount can't be paid this way."


class NothingToPay(DomainError):
    code, status, message = "nothing_to_pay", 409, "There is nothing to pay here."


class PaymentClosed(DomainError):
    code, status, message = "payment_closed", 409, "This payment is closed."


class OrderMismatch(DomainError):
    code, status, message = "order_mismatch", 400, "This payment belongs to another order."


class UnknownOrder(DomainError):
    code, status, message = "unknown_order", 404, "There is no such order."


class TooMuchRefunded(DomainError):
    code, status, message = "refund_too_large", 409, "This is more than what is left to refund."


class CashTooMuch(DomainError):
    code, status, message = "cash_too_much", 409, "This is more than what is still due."


class NotACashPayment(DomainError):
    code, status, message = "not_a_cash_payment", 409, "This payment isn't made at the counter."


class NotInReview(DomainError):
    code, status, message = "not_in_review", 409, "This payment isn't waiting for a decision."


class NotSupported(DomainError):
    code, status, message = "not_supported", 409, "This gateway can't do that."


class NotEnoughRewards(DomainError):
    code, status, message = "rewards_insufficient", 409, "You don't have that many rewards."


class MoreRewardsThanDue(DomainError):
    code, status, message = "rewards_above_price", 409, "This is more than what is due."


constraint_errors.register("payments_rewards_never_negative", NotEnoughRewards)


# -- What a gateway may answer


class BadSignature(DomainError):
    """Missing, forged, of another secret, or not even text."""

    code, status, message = "bad_signature", 400, "The signature is not valid."


class GatewayDeclined(DomainError):
    """A clear no: nothing happened."""

    code, status, message = "gateway_declined", 409, "The payment service refused this."


class GatewayUnavailable(Unavailable):
    """No usable answer. `outcome_unknown`: the deed may have happened; ask again with the same key."""

    code, message = "gateway_unavailable", "The payment service doesn't answer. Please try again in a moment."

    def __init__(self, message: str | None = None, *, outcome_unknown: bool = True) -> None:
        self.outcome_unknown = outcome_unknown
        super().__init__(message, retry_after=5)


class OddAnswer(GatewayUnavailable):
    """The gateway said something that its documents don't know."""

    message = "The payment service gave an answer that makes no sense."
