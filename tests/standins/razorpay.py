"""A Razorpay of our own on a real port: what its documents promise, and the ways in which it fails.

Orders with unique receipts, payments, captures, refunds by idempotency key, plans, subscriptions, transfers;
signed webhooks, in any order and as often as a test likes. `trip(...)` makes the next matching requests fail.
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
import string
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

LETTERS = string.ascii_letters + string.digits


def new_id(prefix):
    return prefix + "_" + "".join(secrets.choice(LETTERS) for _ in range(14))


class Refused(Exception):
    def __init__(self, description, status=400, code="BAD_REQUEST_ERROR"):
        self.description, self.status, self.code = description, status, code


@dataclass
class Trap:
    """How a request fails: `before` the deed or after it (the answer is lost), by status and body, or by silence."""

    pattern: str
    status: int = 500
    body: bytes = b'{"error": {"code": "SERVER_ERROR", "description": "Try later"}}'
    after: bool = False
    silent: float = 0.0
    times: int = 1


@dataclass(repr=False)  # hypothesis prints its arguments, and books grow long
class Razorpay:
    key_id: str = "rzp_test_standin"
    key_secret: str = "checkout-secret-of-the-standin"
    webhook_secret: str = "webhook-secret-of-the-standin"
    orders: dict = field(default_factory=dict)
    payments: dict = field(default_factory=dict)
    refunds: dict = field(default_factory=dict)
    plans: dict = field(default_factory=dict)
    subscriptions: dict = field(default_factory=dict)
    transfers: dict = field(default_factory=dict)
    reversals: list = field(default_factory=list)
    traps: list = field(default_factory=list)
    seen: list = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    url: str = ""

    # -- The customer at the checkout

    def pay(self, order_id, *, status="captured", **changes):
        """A payment for an order; what the checkout gives to the client, as (payment, result)."""
        order = self.orders[order_id]
        payment = {
            "id": new_id("pay"), "entity": "payment", "amount": order["amount"], "currency": order["currency"],
            "status": status, "order_id": order_id, "method": "card", "amount_refunded": 0, "notes": [],
            "error_description": "The bank refused." if status == "failed" else None, **changes,
        }  # fmt: skip
        with self.lock:
            self.payments[payment["id"]] = payment
        return payment, self.result(order_id, payment["id"])

    def result(self, order_id, payment_id, secret=None):
        signature = self.sign(f"{order_id}|{payment_id}".encode(), secret or self.key_secret)
        return {
            "razorpay_order_id": order_id,
            "razorpay_payment_id": payment_id,
            "razorpay_signature": signature,
        }

    @staticmethod
    def sign(message, secret):
        return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()

    def webhook(self, kind, *, event_id=None, secret=None, **entities):
        """(raw body, headers) of a signed event."""
        body = {
            "entity": "event", "account_id": "acc_standin", "event": kind, "contains": list(entities),
            "payload": {name: {"entity": entity} for name, entity in entities.items()},
            "created_at": int(time.time()),
        }  # fmt: skip
        raw = json.dumps(body).encode()
        headers = {
            "X-Razorpay-Signature": self.sign(raw, secret or self.webhook_secret),
            "X-Razorpay-Event-Id": event_id or new_id("evt"),
        }
        return raw, headers

    def trip(self, pattern, **how):
        self.traps.append(Trap(pattern, **how))

    def _trap(self, line):
        for trap in self.traps:
            if trap.times and re.search(trap.pattern, line):
                trap.times -= 1
                return trap
        return None

    # -- What the API does: route(method, path, query, body, headers) -> answer

    def route(self, method, path, query, body, headers):
        for pattern, wanted, deed in ROUTES:
            found = re.fullmatch(pattern, path)
            if found and wanted == method:
                with self.lock:
                    return deed(self, *found.groups(), query=query, body=body, headers=headers)
        raise Refused("The requested URL was not found on the server.", 404)

    def create_order(self, *, body, **_):
        amount, currency = body.get("amount"), body.get("currency")
        if not isinstance(amount, int) or isinstance(amount, bool) or amount < 1:
            raise Refused("The amount must be an integer.")
        if currency == "INR" and amount < 100:
            raise Refused("Order amount less than minimum amount allowed")
        receipt = body.get("receipt", "")
        if len(receipt) > 40:
            raise Refused("The receipt may not be greater than 40 characters.")
        if body.get("unique_receipt") and any(order["receipt"] == receipt for order in self.orders.values()):
            raise Refused("Receipt should be unique")
        order = {
            "id": new_id("order"), "entity": "order", "amount": amount, "currency": currency, "receipt": receipt,
            "status": "created", "notes": body.get("notes", []), "created_at": int(time.time()),
        }  # fmt: skip
        self.orders[order["id"]] = order
        return order

    def list_orders(self, *, query, **_):
        items = list(self.orders.values())
        if "receipt" in query:
            items = [order for order in items if order["receipt"] == query["receipt"]]
        return {"entity": "collection", "count": len(items), "items": items}

    def order_payments(self, order_id, **_):
        self._get(self.orders, order_id)
        items = [payment for payment in self.payments.values() if payment["order_id"] == order_id]
        return {"entity": "collection", "count": len(items), "items": items}

    def payment(self, payment_id, **_):
        return self._get(self.payments, payment_id)

    def capture(self, payment_id, *, body, **_):
        payment = self._get(self.payments, payment_id)
        if payment["status"] != "authorized":
            raise Refused("This payment has already been captured")
        if body != {"amount": payment["amount"], "currency": payment["currency"]}:
            raise Refused("Capture amount must be equal to the amount authorized")
        payment["status"] = "captured"
        return payment

    def refund(self, payment_id, *, body, headers, **_):
        payment = self._get(self.payments, payment_id)
        if not isinstance(body, dict):
            raise Refused("The request body is not an object.")
        key = headers.get("X-Refund-Idempotency", "")
        if key and len(key) < 10:
            raise Refused("The idempotency key must have at least 10 characters.")
        for refund in self.refunds.values():
            if key and refund["_key"] == key:
                if refund["amount"] != body.get("amount"):
                    raise Refused("Different request body sent for the same Idempotency Header")
                return refund
        gone = sum(refund["amount"] for refund in self.refunds.values() if refund["payment_id"] == payment_id)
        amount = body.get("amount", payment["amount"] - gone)
        if not isinstance(amount, int) or amount < 1:
            raise Refused("The amount must be an integer.")
        if payment["status"] not in {"captured", "refunded"} or gone + amount > payment["amount"]:
            raise Refused("The total refund amount is greater than the refund payment amount")
        refund = {
            "id": new_id("rfnd"), "entity": "refund", "payment_id": payment_id, "amount": amount,
            "currency": payment["currency"], "status": "processed", "notes": body.get("notes", []), "_key": key,
        }  # fmt: skip
        self.refunds[refund["id"]] = refund
        payment["amount_refunded"] = gone + amount
        if payment["amount_refunded"] == payment["amount"]:
            payment["status"] = "refunded"
        return refund

    def payment_refunds(self, payment_id, **_):
        items = [refund for refund in self.refunds.values() if refund["payment_id"] == payment_id]
        return {"entity": "collection", "count": len(items), "items": items}

    def create_plan(self, *, body, **_):
        plan = {"id": new_id("plan"), "entity": "plan", **body}
        self.plans[plan["id"]] = plan
        return plan

    def create_subscription(self, *, body, **_):
        self._get(self.plans, body.get("plan_id"))
        identity = new_id("sub")
        made = {
            "id": identity, "entity": "subscription", "plan_id": body["plan_id"], "status": "created",
            "current_start": None, "current_end": None, "total_count": body["total_count"], "paid_count": 0,
            "short_url": f"https://rzp.io/i/{identity[-6:]}", "notes": body.get("notes", []),
        }  # fmt: skip
        self.subscriptions[identity] = made
        return made

    def subscription(self, subscription_id, **_):
        return self._get(self.subscriptions, subscription_id)

    def cancel_subscription(self, subscription_id, *, body, **_):
        found = self._get(self.subscriptions, subscription_id)
        if found["status"] in {"cancelled", "completed"}:
            raise Refused("Subscription is not cancellable in its present state.")
        if body.get("cancel_at_cycle_end"):
            found["_ends"] = True
        else:
            found["status"] = "cancelled"
        return found

    def change_subscription(self, subscription_id, *, body, **_):
        """As the documents say: only a running one, only to a plan of the same period; live when the cycle ends."""
        found, plan = (
            self._get(self.subscriptions, subscription_id),
            self._get(self.plans, body.get("plan_id")),
        )
        if found["status"] not in {"authenticated", "active"}:
            raise Refused("Subscription is not in authenticated or active state.")
        if found.get("_method") == "upi":
            raise Refused("Subscription cannot be updated when payment mode is upi")
        if plan["period"] != self.plans[found["plan_id"]]["period"]:
            raise Refused("The plan of another period cannot be linked.")
        if body.get("schedule_change_at") != "cycle_end":
            raise Refused("This stand-in reckons no differences.")
        found["has_scheduled_changes"], found["_next_plan"] = True, plan["id"]
        return found

    def cancel_changes(self, subscription_id, **_):
        found = self._get(self.subscriptions, subscription_id)
        if not found.get("has_scheduled_changes"):
            raise Refused("There is no pending update for this subscription.")
        found["has_scheduled_changes"], found["_next_plan"] = False, None
        return found

    def next_cycle(self, subscription_id):
        """A cycle ends: what was scheduled is live; the plan that is charged now, None where nothing is."""
        with self.lock:
            found = self.subscriptions[subscription_id]
            if found.get("_ends") or found["status"] not in {"created", "authenticated", "active"}:
                found["status"] = "cancelled"
                return None
            found["plan_id"] = found.pop("_next_plan", None) or found["plan_id"]
            found["has_scheduled_changes"] = False
            return self.plans[found["plan_id"]]

    def create_transfer(self, *, body, **_):
        if not body.get("account", "").startswith("acc_"):
            raise Refused("The account must be a valid linked account.")
        made = {
            "id": new_id("trf"), "entity": "transfer", "status": "processed", "recipient": body["account"],
            "amount": body["amount"], "currency": body["currency"], "amount_reversed": 0,
            "notes": body.get("notes", []), "error": None,
        }  # fmt: skip
        self.transfers[made["id"]] = made
        return made

    def list_transfers(self, **_):
        items = list(self.transfers.values())
        return {"entity": "collection", "count": len(items), "items": items}

    def reverse(self, transfer_id, *, body, **_):
        transfer = self._get(self.transfers, transfer_id)
        if transfer["amount_reversed"] + body["amount"] > transfer["amount"]:
            raise Refused("The reversal amount is greater than the transfer amount.")
        transfer["amount_reversed"] += body["amount"]
        made = {
            "id": new_id("rvrsl"), "entity": "reversal", "transfer_id": transfer_id, "amount": body["amount"],
            "currency": transfer["currency"], "notes": body.get("notes", []),
        }  # fmt: skip
        self.reversals.append(made)
        return made

    def list_reversals(self, transfer_id, **_):
        items = [row for row in self.reversals if row["transfer_id"] == transfer_id]
        return {"entity": "collection", "count": len(items), "items": items}

    @staticmethod
    def _get(rows, wanted):
        if wanted not in rows:
            raise Refused("The id provided does not exist")
        return rows[wanted]


V1 = "/v1"
ONE = "/([A-Za-z0-9_]+)"
ROUTES = [
    (f"{V1}/orders", "POST", Razorpay.create_order),
    (f"{V1}/orders", "GET", Razorpay.list_orders),
    (f"{V1}/orders{ONE}/payments", "GET", Razorpay.order_payments),
    (f"{V1}/payments{ONE}", "GET", Razorpay.payment),
    (f"{V1}/payments{ONE}/capture", "POST", Razorpay.capture),
    (f"{V1}/payments{ONE}/refund", "POST", Razorpay.refund),
    (f"{V1}/payments{ONE}/refunds", "GET", Razorpay.payment_refunds),
    (f"{V1}/plans", "POST", Razorpay.create_plan),
    (f"{V1}/subscriptions", "POST", Razorpay.create_subscription),
    (f"{V1}/subscriptions{ONE}", "GET", Razorpay.subscription),
    (f"{V1}/subscriptions{ONE}", "PATCH", Razorpay.change_subscription),
    (f"{V1}/subscriptions{ONE}/cancel", "POST", Razorpay.cancel_subscription),
    (f"{V1}/subscriptions{ONE}/cancel_scheduled_changes", "POST", Razorpay.cancel_changes),
    (f"{V1}/transfers", "POST", Razorpay.create_transfer),
    (f"{V1}/transfers", "GET", Razorpay.list_transfers),
    (f"{V1}/transfers{ONE}/reversals", "POST", Razorpay.reverse),
    (f"{V1}/transfers{ONE}/reversals", "GET", Razorpay.list_reversals),
]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    standin: Razorpay

    def handle_one(self):
        parts = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        line = f"{self.command} {parts.path}"
        self.standin.seen.append(line)
        trap = self.standin._trap(line)
        if trap and not trap.after:
            return self.fail(trap)
        try:
            self.authorize()
            answer = self.standin.route(
                self.command, parts.path, dict(parse_qsl(parts.query)), json.loads(raw or b"{}"), self.headers
            )
            status = 200
        except Refused as problem:
            status = problem.status
            answer = {"error": {"code": problem.code, "description": problem.description}}
        if trap:
            return self.fail(trap)
        shown = {key: value for key, value in answer.items() if not key.startswith("_")}
        return self.answer(status, json.dumps(shown).encode())

    do_GET = do_POST = do_PATCH = handle_one  # noqa: N815 -- the words of http.server

    def authorize(self):
        given = self.headers.get("Authorization", "").removeprefix("Basic ")
        wanted = f"{self.standin.key_id}:{self.standin.key_secret}".encode()
        if given != base64.b64encode(wanted).decode():
            raise Refused("Authentication failed", 401)

    def fail(self, trap):
        if trap.silent:
            time.sleep(trap.silent)
            self.close_connection = True
            return None
        return self.answer(trap.status, trap.body)

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        """Quiet: tests have their own story."""


@contextmanager
def serving():
    """The stand-in on a free port of this machine, until the block ends."""
    standin = Razorpay()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"standin": standin}))
    server.daemon_threads = True
    standin.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield standin
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
