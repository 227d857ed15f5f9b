"""The edge of the API: aliases without a version, honest JSON for Django's own refusals, policies of pages."""

import logging
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict

from core import errors, links
from core.handler import server_error, without_database
from core.renderers import snake

log = logging.getLogger(__name__)

VERSIONED, UNVERSIONED = "/api/v1/", "/api/"
OWN_PATHS = ("/api/docs/", "/api/schema/")


class ApiEdgeMiddleware:
    """`/api/x/` is `/api/v1/x/`; API answers are private; admin and docs get the page policy that they need."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if "%00" in request.META.get("QUERY_STRING", ""):
            return JsonResponse(
                errors.body("A parameter contains the NUL character.", "malformed"), status=400
            )
        if path.startswith(UNVERSIONED) and not path.startswith(VERSIONED) and not path.startswith(OWN_PATHS):
            request.path_info = VERSIONED + path.removeprefix(UNVERSIONED)
        if path.startswith(UNVERSIONED) and (refusal := self._snake_query(request)):
            return refusal
        try:
            with links.made_for(request):
                response = self.get_response(request)
        except RequestDataTooBig:
            response = JsonResponse(errors.body(errors.MESSAGES[413], errors.CODES[413]), status=413)
        if path.startswith(UNVERSIONED) and path not in OWN_PATHS and self._is_page(response):
            status = response.status_code
            text = errors.MESSAGES.get(status, errors.MESSAGES[400])
            response = JsonResponse(errors.body(text, errors.CODES.get(status, "refused")), status=status)
        self._policies(path, response)
        if path.startswith(UNVERSIONED) and not response.has_header("Cache-Control"):
            response["Cache-Control"] = "private, no-cache"
        return response

    @staticmethod
    def _is_page(response: HttpResponse) -> bool:
        """A refusal that Django dressed for a browser, as its development pages are."""
        return response.status_code >= 400 and response.get("Content-Type", "").startswith("text/html")

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A crash is told in the one shape in development too; the traceback goes to the log."""
        if not request.path_info.startswith(UNVERSIONED):
            return None
        if answer := without_database(exception):
            return answer
        if not settings.DEBUG:
            return None
        log.error("%s %s", request.method, request.path, exc_info=exception)
        return server_error(request)

    def _snake_query(self, request: HttpRequest) -> HttpResponse | None:
        """`vehicleId=` is `vehicle_id=`; both at once are a contradiction."""
        if not request.META.get("QUERY_STRING") or all(key == snake(key) for key in request.GET):
            return None
        query = QueryDict(mutable=True)
        for key in request.GET:
            if snake(key) in query or (key != snake(key) and snake(key) in request.GET):
                fields = {snake(key): ["Give this parameter once."]}
                return JsonResponse(errors.body(errors.MESSAGES[400], errors.CODES[400], fields), status=400)
            query.setlist(snake(key), request.GET.getlist(key))
        request.GET = query  # type: ignore[assignment]
        return None

    def _policies(self, path: str, response: HttpResponse) -> None:
        page = (
            "admin" if path.startswith("/" + settings.ADMIN_PATH) else "docs" if path == OWN_PATHS[0] else ""
        )
        if page:
            # Without a referrer a form's Origin is "null", which the CSRF check rightly refuses.
            response["Referrer-Policy"] = "same-origin"
            response._csp_replace = settings.PAGE_POLICIES[page]  # type: ignore[attr-defined]  # django-csp's way
