"""Session news are written after the request's transaction, so that a refused request still counts as use."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from users import sessions


class SessionUseMiddleware:
    """One small statement, once a rotation and once in five minutes (see users/authentication.py)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if login := getattr(request, "session_in_use", None):
            sessions.touch(session_id=login.session_id, generation=login.generation)
        return response
