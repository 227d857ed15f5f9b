"""Cash over the counter: staff take it and give it back; no outside is asked."""

from collections.abc import Mapping
from typing import Any

from payments.errors import BadSignature, NotSupported
from payments.ports import Capabilities, ClientResult, GatewayEvent, GatewayOrder, SeenPayment, SeenRefund


class Cash:
    name = "cash"
    can = Capabilities(online=False, orders=False, capture=False)
    enabled = True
    key_id = ""

    def create_order(
        self, *, receipt: str, amount_minor: int, currency: str, notes: Mapping[str, str]
    ) -> GatewayOrder:
        raise NotSupported

    def find_order(self, receipt: str) -> GatewayOrder | None:
        return None

    def list_payments(self, order_id: str) -> list[SeenPayment]:
        return []

    def fetch_payment(self, payment_id: str) -> SeenPayment:
        raise NotSupported

    def capture(self, payment_id: str, *, amount_minor: int, currency: str) -> SeenPayment:
        raise NotSupported

    def refund(self, payment_id: str, *, amount_minor: int, currency: str, key: str) -> SeenRefund:
        """The notes are handed over as it is written down."""
        return SeenRefund(key, payment_id, amount_minor, currency, "processed", key)

    def find_refunds(self, payment_id: str) -> list[SeenRefund]:
        return []

    def parse_client_result(self, data: Mapping[str, Any]) -> ClientResult:
        raise BadSignature

    def parse_webhook(self, raw: bytes, headers: Mapping[str, str]) -> GatewayEvent:
        raise BadSignature

    def read_webhook(self, raw: bytes, event_id: str) -> GatewayEvent:
        raise NotSupported
