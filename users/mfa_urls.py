"""The part of django-allauth's headless routes that we serve: authenticators, and logins that need one.

Passwords, addresses and registration have routes of our own, so allauth's stay shut. All answer 404 until
MFA_ENABLED is on.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.headless.account import views as account
from allauth.headless.base import views as base
from allauth.headless.constants import Client
from allauth.headless.mfa import views as mfa
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import URLPattern, path

View = Callable[..., HttpResponseBase]


def gated(view: View) -> View:
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.MFA_ENABLED:
            raise Http404
        return view(request, *args, **kwargs)

    return answer


def route(where: str, view: Any) -> URLPattern:
    return path(f"_allauth/app/v1/{where}", gated(view.as_api_view(client=Client.APP)))


urlpatterns = [
    route("config", base.ConfigView),
    route("auth/session", account.SessionView),
    route("auth/login", account.LoginView),
    route("auth/reauthenticate", account.ReauthenticateView),
    route("auth/2fa/authenticate", mfa.AuthenticateView),
    route("auth/2fa/reauthenticate", mfa.ReauthenticateView),
    route("auth/webauthn/authenticate", mfa.AuthenticateWebAuthnView),
    route("auth/webauthn/reauthenticate", mfa.ReauthenticateWebAuthnView),
    route("auth/webauthn/login", mfa.LoginWebAuthnView),
    route("account/authenticators", mfa.AuthenticatorsView),
    route("account/authenticators/totp", mfa.ManageTOTPView),
    route("account/authenticators/recovery-codes", mfa.ManageRecoveryCodesView),
    route("account/authenticators/webauthn", mfa.ManageWebAuthnView),
]
