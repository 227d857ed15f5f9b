"""Deeds that leave an audit row each, in a view of both kinds."""

import time

from django.urls import path
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from core import audit
from core.errors import NotAllowed
from core.idempotency import Idempotent
from core.parsers import StrictJSONParser
from core.rls import as_anonymous, as_user
from core.views import GatewayView


class Deed(Idempotent, APIView):
    permission_classes = (AllowAny,)
    parser_classes = (StrictJSONParser, MultiPartParser)

    def post(self, request):
        return do(request)

    def get(self, request):
        return Response({"done": False})


class OutsideDeed(Idempotent, GatewayView):
    permission_classes = (AllowAny,)

    def post(self, request):
        with as_user(request.user) if request.user.pk else as_anonymous():
            answer = do(request)
        if request.data.get("later"):
            raise NotAllowed
        return answer


def do(request):
    audit.record("test.deed", actor=request.user.pk)
    wish = request.data.get("wish")
    time.sleep(float(request.data.get("seconds", 0)))
    if wish == "refuse":
        raise NotAllowed
    if wish == "crash":
        raise RuntimeError
    if wish == "nothing":
        return Response(status=204)
    if wish == "bad":
        return Response({"error": "no"}, status=400)
    return Response(
        {"made_by": str(request.user.pk), "n": time.monotonic_ns()}, status=201, headers={"ETag": '"1"'}
    )


urlpatterns = [path("api/v1/inside/", Deed.as_view()), path("api/v1/outside/", OutsideDeed.as_view())]
