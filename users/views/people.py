"""A person to themselves and to others."""

import hashlib
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.errors import PreconditionFailed
from core.renderers import dumps
from users.models import User
from users.selectors import account_payload, public_profile
from users.serializers.person import OwnProfileInput, OwnProfileOutput, PublicProfileSerializer
from users.views.base import checked


class ProfileView(APIView):
    @extend_schema(responses=OwnProfileOutput)
    def get(self, request: Request) -> Response:
        return profile(request, request.user.pk)

    @extend_schema(request=OwnProfileInput, responses=OwnProfileOutput)
    def patch(self, request: Request) -> Response:
        form = checked(OwnProfileInput(data=request.data, partial=True))
        if form:
            row = User.objects.visible_to(request.user).select_for_update().get()
            demanded = request.headers.get("If-Match")
            if demanded and demanded not in {"*", tag_of(payload(row.pk))}:
                raise PreconditionFailed
            User.objects.visible_to(request.user).update(**form)
        return profile(request, request.user.pk)


class MeAlias(ProfileView):
    alias = True


class PublicProfileView(APIView):
    @extend_schema(responses=PublicProfileSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(PublicProfileSerializer(public_profile(pk)).data)


def payload(user_id: UUID) -> Any:
    return OwnProfileOutput({"user": account_payload(user_id)}).data


def tag_of(data: Any) -> str:
    """The payload has facts of several apps in it: its tag is a hash, not one row's revision."""
    return f'"{hashlib.sha256(dumps(data)).hexdigest()[:24]}"'


def profile(request: Request, user_id: Any) -> Response:
    data = payload(user_id)
    tag = tag_of(data)
    if request.method == "GET" and request.headers.get("If-None-Match") == tag:
        return Response(status=304, headers={"ETag": tag})
    return Response(data, headers={"ETag": tag})
