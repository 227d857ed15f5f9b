"""The one handler: any exception of a view, and Django's own refusals, become the one shape of errors."""

import logging
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, TooManyFilesSent
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DatabaseError, DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from core.errors import CODES, MESSAGES, Busy, DomainError, Unavailable, ValueTaken, body, constraint_errors

log = logging.getLogger(__name__)


def exception_handler(problem: Exception, context: dict[str, Any]) -> Response | None:
    """Any exception of a view -> an answer in the one shape; None lets Django make its 500 (see `server_error`)."""
    answer = _answer(problem)
    if answer is None:
        return None
    status, payload, headers = answer
    if not getattr(getattr(context.get("view"), "dispatch", None), "_non_atomic_requests", None):
        set_rollback()  # a view that owns its transactions has ended them by now
    response = Response(payload, status=status, headers=headers)
    response.exception = True
    return response


def _answer(problem: Exception) -> tuple[int, dict[str, Any], dict[str, str]] | None:  # noqa: PLR0911 -- a table
    if isinstance(problem, DomainError):
        headers = {"Retry-After": str(problem.retry_after)} if problem.retry_after is not None else {}
        return problem.status, body(problem.text, problem.code, problem.fields), headers
    if isinstance(problem, exceptions.ValidationError):
        fields = _fields(problem.detail)
        return 400, body(_first_message(fields) or MESSAGES[400], "invalid", fields), {}
    if isinstance(problem, DjangoValidationError):
        named = (
            problem.message_dict if hasattr(problem, "error_dict") else {"non_field_errors": problem.messages}
        )
        return 400, body(MESSAGES[400], "invalid", dict(named)), {}
    if isinstance(problem, exceptions.APIException):
        return _api_exception(problem)
    if isinstance(problem, Http404):
        return 404, body(MESSAGES[404], CODES[404]), {}
    if isinstance(problem, PermissionDenied):
        return 403, body(MESSAGES[403], CODES[403]), {}
    if isinstance(problem, RequestDataTooBig | TooManyFilesSent):
        return 413, body(MESSAGES[413], CODES[413]), {}
    if isinstance(problem, DatabaseError | InterfaceError):
        return _database_error(problem)
    return None


def _api_exception(problem: exceptions.APIException) -> tuple[int, dict[str, Any], dict[str, str]]:
    status = problem.status_code
    code = str(getattr(problem, "own_code", "") or CODES.get(status, "refused"))
    text = str(problem.detail) if isinstance(problem.detail, str) else MESSAGES.get(status, MESSAGES[400])
    headers: dict[str, str] = {}
    if scheme := getattr(problem, "auth_header", None):
        headers["WWW-Authenticate"] = scheme
    if (wait := getattr(problem, "wait", None)) is not None:
        headers["Retry-After"] = str(max(1, int(wait + 0.999)))
        text = MESSAGES[429]
    if isinstance(problem, exceptions.ParseError):
        code = "malformed"
    return status, body(text, code), headers


def _database_error(  # noqa: PLR0911 -- a table
    problem: DatabaseError | InterfaceError,
) -> tuple[int, dict[str, Any], dict[str, str]] | None:
    """Constraints are the last word on a race: their names say which refusal it was."""
    cause = problem.__cause__
    state = getattr(cause, "sqlstate", None)
    constraint = getattr(getattr(cause, "diag", None), "constraint_name", None) or ""
    if registered := constraint_errors.get(constraint):
        return _answer(registered())
    if state == "23505":
        named = {"id": [ValueTaken.message]} if constraint.endswith("_pkey") else {}
        return 409, body(ValueTaken.message, ValueTaken.code, named), {}
    if state in {"23514", "23P01", "23502", "23503", "22001", "22003", "22P02", "22021", "22P05"}:
        log.warning("refused by the database: %s %s", state, constraint)
        return 400, body("A value is not possible.", "invalid"), {}
    if state == "42501":  # row-level security: not yours is absent
        log.warning("row-level security refused a statement")
        return 404, body(MESSAGES[404], CODES[404]), {}
    if state is None and isinstance(problem, DataError):  # refused by the driver: NUL in a text
        return 400, body("A value is not possible.", "invalid"), {}
    if state in {"40001", "40P01", "55P03", "57014"}:
        return 503, body(Busy.message, Busy.code), {"Retry-After": "1"}
    if isinstance(problem, OperationalError | InterfaceError):
        log.error("the database does not answer", exc_info=problem)
        return 503, body(Unavailable.message, Unavailable.code), {"Retry-After": "5"}
    return None


def _fields(detail: Any) -> dict[str, Any]:
    if isinstance(detail, dict):
        return {key: value if isinstance(value, dict | list) else [value] for key, value in detail.items()}
    return {"non_field_errors": list(detail) if isinstance(detail, list) else [detail]}


def _first_message(fields: dict[str, Any]) -> str:
    """One field with one message says it all; several need the list."""
    if len(fields) != 1:
        return ""
    name, messages = next(iter(fields.items()))
    if not (isinstance(messages, list) and len(messages) == 1 and isinstance(messages[0], str)):
        return ""
    return str(messages[0]) if name == "non_field_errors" else f"{name}: {messages[0]}"


# -- Outside DRF: unknown paths, broken hosts, crashes


def _plain(status: int) -> JsonResponse:
    return JsonResponse(body(MESSAGES[status], CODES[status]), status=status)


def without_database(problem: Exception) -> JsonResponse | None:
    """ATOMIC_REQUESTS asks for a connection before any view is entered: the same answer as from inside."""
    found = _answer(problem) if isinstance(problem, OperationalError | InterfaceError) else None
    return JsonResponse(found[1], status=found[0], headers=found[2]) if found else None


def bad_request(request: HttpRequest, exception: Exception) -> JsonResponse:
    return _plain(413 if isinstance(exception, RequestDataTooBig) else 400)


def permission_denied(request: HttpRequest, exception: Exception) -> JsonResponse:
    return _plain(403)


def page_not_found(request: HttpRequest, exception: Exception) -> JsonResponse:
    return _plain(404)


def server_error(request: HttpRequest) -> JsonResponse:
    return _plain(500)
