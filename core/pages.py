"""Middleware that only pages in a browser need, and that the API passes by.

A request of the API brings a bearer, no cookies: sessions, logins by cookie and messages have nothing to do there.
"""

from typing import Any

from corsheaders.middleware import CorsMiddleware
from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.utils.cache import patch_vary_headers
from django.utils.deprecation import MiddlewareMixin

from core.middleware import VERSIONED

_OWN_POLICY = frozenset(
    {"_csp_config", "_csp_update", "_csp_replace", "_csp_exempt"}
)  # what csp.decorators set


def is_api(request: HttpRequest) -> bool:
    """A route that bearers use; those without a version are rewritten by now (core/middleware.py)."""
    return request.path_info.startswith(VERSIONED)


class _PagesOnly(MiddlewareMixin):
    def __call__(self, request: HttpRequest) -> Any:
        return self.get_response(request) if is_api(request) else super().__call__(request)


class PagePolicies(CSPMiddleware):
    """Builds the policy of each page; the API's answers all have the default one, which is built once."""

    def __init__(self, get_response: Any) -> None:
        super().__init__(get_response)
        rules = build_policy().split("; ")  # in any order
        self.default = "; ".join(sorted(rules, key=lambda rule: (not rule.startswith("default-src"), rule)))

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        if not is_api(request) or vars(response).keys() & _OWN_POLICY:
            return super().process_response(request, response)
        response.setdefault(HEADER, self.default)
        return response


class CorsOfPages(CorsMiddleware):
    """What a browser asks for with a page of another origin; phones and servers send no Origin."""

    async_capable = False

    def __call__(self, request: HttpRequest) -> Any:
        if "HTTP_ORIGIN" in request.META:
            return super().__call__(request)
        response: Any = self.get_response(request)
        patch_vary_headers(response, ("origin",))  # a cache must not keep it for those who send one
        return response


class PageSessions(_PagesOnly, SessionMiddleware):
    """`request.session`."""


class PageLogins(_PagesOnly, AuthenticationMiddleware):
    """`request.user` by the session's cookie."""


class PageMessages(_PagesOnly, MessageMiddleware):
    """Messages of the admin."""
