from functools import wraps
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.urls import path, re_path
from django.views.decorators.csrf import csrf_exempt

from payments import views

SANDBOX = r"^payments/sandbox/(?P<order_id>order_[A-Za-z0-9]{14})"


class CreateOrderAlias(views.CreateOrderView):
    alias = True


class VerifyAlias(views.VerifyView):
    alias = True


class SandboxPayView(views.SandboxCheckoutView):
    """Pay."""


class SandboxFailView(views.SandboxCheckoutView):
    """The bank refuses."""

    succeeds = False


class SandboxLateView(views.SandboxCheckoutView):
    """Pay after the order's time is over."""

    late = True


class RazorpayWebhookView(views.WebhookView):
    gateway = "razorpay"


class SandboxWebhookView(views.WebhookView):
    gateway = "sandbox"


in_transaction: Any = transaction.atomic(views.PaymentViewSet.as_view({"get": "list"}))
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
    path("payments/<uuid:pk>/", views.PaymentViewSet.as_view({"get": "retrieve"})),
    path("payments/razorpay/create-order/", views.CreateOrderView.as_view()),
    path("payments/razorpay/verify/", views.VerifyView.as_view()),
    path("payments/webhooks/razorpay/", RazorpayWebhookView.as_view()),
    path("payments/webhooks/sandbox/", SandboxWebhookView.as_view()),
    re_path(SANDBOX + "/pay/$", SandboxPayView.as_view()),
    re_path(SANDBOX + "/fail/$", SandboxFailView.as_view()),
    re_path(SANDBOX + "/late/$", SandboxLateView.as_view()),
    re_path(SANDBOX + "/$", views.SandboxPageView.as_view(), name="payments-sandbox"),
]
aliases = [
    path("payments/verify/", VerifyAlias.as_view()),
]
