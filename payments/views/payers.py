"""Payment routes of payers, the gateways' webhooks, and the sandbox's checkout."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any
from uuid import UUID

from csp.decorators import csp_update
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views import View
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from core.idempotency import Idempotent
from core.parsers import read_bounded
from core.renderers import Json
from core.views import GatewayView, ScopedMixin
from payments import invoices
from payments.amounts import money
from payments.documents import invoice_pdf
from payments.errors import UnknownOrder
from payments.models import Payment
from payments.ports import gateways
from payments.serializers import (
    CheckoutInput,
    CheckoutOutput,
    CreateOrderInput,
    CreateOrderOutput,
    PaymentSerializer,
    VerifyInput,
    VerifyOutput,
    WebhookOutput,
)
from payments.services import checkout, orders, verifying, webhooks
from users.models import User

TOKEN = OpenApiParameter("token", str, description="The token of a guest's booking.")
WEBHOOK_LIMIT = 256 * 1024  # bytes
NO_STORE = {"Cache-Control": "no-store"}


class Pdf(Json):
    """Lets a client ask for application/pdf; a refusal is JSON all the same."""

    media_type = "application/pdf"
    format = "pdf"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        response = (renderer_context or {}).get("response")
        if response is not None:
            response["Content-Type"] = "application/json"
        return super().render(data, accepted_media_type, renderer_context)


class PaymentViewSet(ScopedMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Any]):
    """A payer's own payments, newest first."""

    model = Payment
    serializer_class = PaymentSerializer
    ordering = "-created_at"
    ordering_fields = ("created_at", "updated_at")
    lookup_value_converter = "uuid"


class CreateOrderView(Idempotent, GatewayView):
    """Open (or find again) the payment of a thing, with its order at the gateway."""

    permission_classes = (AllowAny,)
    throttle_scopes = ("payment",)

    @extend_schema(request=CreateOrderInput, responses={201: CreateOrderOutput}, parameters=[TOKEN])
    def post(self, request: Request) -> Response:
        payer = payer_of(request)
        form = CreateOrderInput(data=request.data)
        form.is_valid(raise_exception=True)
        payment = verifying.open_for(
            payer, token=request.query_params.get("token", ""), **form.validated_data
        )
        payment = orders.ensure_gateway_order(payment)
        answer = {"payment": payment, "key_id": gateways[payment.gateway].key_id}
        return Response(CreateOrderOutput(answer).data, status=201)


class VerifyView(GatewayView):
    """A client's word that it has paid: 200 settled, 202 still processing."""

    permission_classes = (AllowAny,)
    throttle_scopes = ("payment",)

    @extend_schema(request=VerifyInput, responses={200: VerifyOutput, 202: VerifyOutput}, parameters=[TOKEN])
    def post(self, request: Request) -> Response:
        form = VerifyInput(data=request.data)
        form.is_valid(raise_exception=True)
        payment, done = verifying.verify(
            payer=payer_of(request), data=form.validated_data, token=request.query_params.get("token", "")
        )
        return Response(VerifyOutput({"payment": payment}).data, status=200 if done else 202)


class InvoiceView(GatewayView):
    """The invoice of a settled payment, as PDF; 404 until there is one."""

    permission_classes = (AllowAny,)
    renderer_classes = (Json, Pdf)

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY}, parameters=[TOKEN])
    def get(self, request: Request, pk: UUID) -> HttpResponse:
        invoice = invoices.invoice_of(
            verifying.find_payment(payer_of(request), {"pk": pk}, request.query_params.get("token", ""))
        )
        name = f"invoice-{invoice.reference}.pdf"
        headers = {
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, no-store",
        }
        return HttpResponse(invoice_pdf(invoice), content_type="application/pdf", headers=headers)


class WebhookView(GatewayView):
    """A gateway's word, signed over the raw body. 200 once stored; 400 for a bad signature."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()  # gateways come from few addresses and in bursts; the signature is the gate
    gateway = ""

    @extend_schema(request=OpenApiTypes.OBJECT, responses=WebhookOutput)
    def post(self, request: Request) -> Response:
        raw = read_bounded(request.stream or BytesIO(), WEBHOOK_LIMIT)
        event = webhooks.receive(gateway=self.gateway, raw=raw, headers=request.headers)
        return Response({"status": event.state})


class SandboxCheckoutView(GatewayView):
    """Plays the payer at the sandbox's checkout; only where the sandbox is on."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    succeeds = True
    late = False

    @extend_schema(request=CheckoutInput, responses=CheckoutOutput)
    def post(self, request: Request, order_id: str) -> Response:
        form = CheckoutInput(data=request.data)
        form.is_valid(raise_exception=True)
        result, payment = checkout.check_out(
            order_id, succeeds=self.succeeds, late=self.late, card=form.validated_data.get("card")
        )
        answer = {
            "razorpay_order_id": result.order_id,
            "razorpay_payment_id": result.payment_id,
            "razorpay_signature": result.signature,
            "payment_status": payment.status,
        }
        return Response(CheckoutOutput(answer).data, headers=NO_STORE)


@method_decorator(csp_update(settings.PAGE_POLICIES["checkout"]), name="dispatch")
class SandboxPageView(View):
    """The sandbox's checkout page for a browser: pay, fail, pay late."""

    def get(self, request: HttpRequest, order_id: str) -> HttpResponse:
        try:
            payment = checkout.find(order_id)
        except UnknownOrder:
            return render(request, "payments/sandbox.html", {"payment": None}, status=404)
        here = reverse("payments-sandbox", args=[order_id])
        shown = {"payment": payment, "amount": money(payment.amount_minor, payment.currency), "here": here}
        return render(request, "payments/sandbox.html", shown)


def payer_of(request: Request) -> User | None:
    """The person who pays; None for a guest."""
    return request.user if isinstance(request.user, User) else None
