from functools import wraps
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.urls import path, re_path
from django.views.decorators.csrf import csrf_exempt

from payments.views import payers, staff

SANDBOX = r"^payments/sandbox/(?P<order_id>order_[A-Za-z0-9]{14})"


class CreateOrderAlias(payers.CreateOrderView):
    alias = True


class VerifyAlias(payers.VerifyView):
    alias = True


class SandboxPayView(payers.SandboxCheckoutView):
    """Pay."""


class SandboxFailView(payers.SandboxCheckoutView):
    """The bank refuses."""

    succeeds = False


class SandboxLateView(payers.SandboxCheckoutView):
    """Pay after the order's time is over."""

    late = True


class RazorpayWebhookView(payers.WebhookView):
    gateway = "razorpay"


class SandboxWebhookView(payers.WebhookView):
    gateway = "sandbox"


in_transaction: Any = transaction.atomic(payers.PaymentViewSet.as_view({"get": "list"}))
outside: Any = CreateOrderAlias.as_view()


@transaction.non_atomic_requests
@csrf_exempt  # as every DRF view: bearers, no cookies
@wraps(in_transaction)
def payments(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
    """GET lists in a transaction; POST (= create-order) talks to a gateway, outside one."""
    chosen = outside if request.method == "POST" else in_transaction
    answer: HttpResponseBase = chosen(request, **kwargs)
    return answer


urlpatterns = [
    path("payments/", payments),
    path("payments/<uuid:pk>/", payers.PaymentViewSet.as_view({"get": "retrieve"})),
    path("payments/<uuid:pk>/invoice.pdf", payers.InvoiceView.as_view()),
    path("payments/razorpay/create-order/", payers.CreateOrderView.as_view()),
    path("payments/razorpay/verify/", payers.VerifyView.as_view()),
    path("payments/webhooks/razorpay/", RazorpayWebhookView.as_view()),
    path("payments/webhooks/sandbox/", SandboxWebhookView.as_view()),
    re_path(SANDBOX + "/pay/$", SandboxPayView.as_view()),
    re_path(SANDBOX + "/fail/$", SandboxFailView.as_view()),
    re_path(SANDBOX + "/late/$", SandboxLateView.as_view()),
    re_path(SANDBOX + "/$", payers.SandboxPageView.as_view(), name="payments-sandbox"),
    path("staff/payments/<uuid:pk>/collect-cash/", staff.CollectCashView.as_view()),
    path("staff/payments/<uuid:pk>/refunds/", staff.RefundsView.as_view()),
    path("staff/ledger/trial-balance/", staff.TrialBalanceView.as_view()),
    path("staff/webhook-events/<uuid:pk>/retry/", staff.RetryWebhookView.as_view()),
]
aliases = [
    path("payments/verify/", VerifyAlias.as_view()),
]
