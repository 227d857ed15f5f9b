"""One face for every refusal, and never a word too many."""

import logging

import pytest
from django.db import IntegrityError, OperationalError, transaction
from django.test import RequestFactory
from django.urls import path
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from core import errors
from core.errors import DomainError, constraint_errors
from core.handler import bad_request, server_error
from core.models import AuditEvent, StoredFile
from tests.cast import make_user


class TakenAway(DomainError):
    code, status, message = "refused", 409, "Somebody took it."


class Part(serializers.Serializer):
    name = serializers.CharField()


class Form(serializers.Serializer):
    name = serializers.CharField(max_length=3)
    parts = Part(many=True, required=False)


class Cause(Exception):
    def __init__(self, sqlstate, constraint=""):
        self.sqlstate = sqlstate
        self.diag = type("Diag", (), {"constraint_name": constraint})


def database(state, constraint="", kind=IntegrityError):
    problem = kind("secret detail: key (email)=(x@example.com)")
    problem.__cause__ = Cause(state, constraint)
    return problem


PROBLEMS = {
    "domain": lambda: TakenAway(fields={"slot": ["Gone."]}, retry_after=7),
    "unique": lambda: database("23505"),
    "check": lambda: database("23514", "core_nowhere"),
    "named": lambda: database("23505", "core_test_named"),
    "policy": lambda: database("42501"),
    "deadlock": lambda: database("40P01", kind=OperationalError),
    "lock": lambda: database("55P03", kind=OperationalError),
    "down": lambda: database("08006", kind=OperationalError),
    "crash": lambda: RuntimeError("secret detail"),
}


class Refusing(APIView):
    permission_classes = (AllowAny,)
    authentication_classes = ()

    def get(self, request, kind):
        AuditEvent.objects.create(action="test.refused")
        problem = PROBLEMS[kind]()
        raise problem

    def post(self, request, kind):
        Form(data=request.data).is_valid(raise_exception=True)
        return Response({})


urlpatterns = [path("api/v1/<str:kind>/", Refusing.as_view())]
handler404, handler500 = "core.handler.page_not_found", "core.handler.server_error"

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture
def caller(anyone):
    anyone.raise_request_exception = False
    return anyone


@pytest.mark.parametrize(
    "kind,status,code,text",
    [
        ("domain", 409, "refused", "Somebody took it."),
        ("unique", 409, "already_exists", "This value is taken."),
        ("check", 400, "invalid", "A value is not possible."),
        ("policy", 404, "not_found", "Not found."),
        ("deadlock", 503, "busy", errors.Busy.message),
        ("lock", 503, "busy", errors.Busy.message),
        ("down", 503, "unavailable", "Please try again in a moment."),
        ("crash", 500, "server_error", "Something went wrong on our side."),
    ],
)
def test_a_refusal_has_one_shape_tells_no_secret_and_leaves_no_trace(kind, status, code, text, caller):
    answer = caller.get(f"/api/v1/{kind}/")
    told = answer.json()
    assert (answer.status_code, told["code"], told["error"]) == (status, code, text)
    assert set(told) == {"error", "code", "fields", "request_id"}
    assert told["request_id"] == answer["X-Request-ID"]
    assert "secret" not in answer.content.decode()
    assert AuditEvent.objects.count() == 0


def test_fields_and_retry_after_come_through(caller):
    answer = caller.get("/api/v1/domain/")
    assert (answer.json()["fields"], answer["Retry-After"]) == ({"slot": ["Gone."]}, "7")
    assert caller.get("/api/v1/deadlock/")["Retry-After"] == "1"


def test_a_constraint_that_has_a_name_of_its_own(caller, monkeypatch):
    monkeypatch.setattr(constraint_errors, "_plugs", {"core_test_named": TakenAway})
    assert caller.get("/api/v1/named/").json()["error"] == "Somebody took it."


@pytest.mark.parametrize(
    "body,error,fields",
    [
        ({}, "name: This field is required.", {"name": ["This field is required."]}),
        (
            {"name": "long name", "parts": [{"name": "ok"}, {}]},
            "The request is not valid.",
            {
                "name": ["Ensure this field has no more than 3 characters."],
                "parts": {"1": {"name": ["This field is required."]}},
            },
        ),
        (
            [1],
            "Invalid data. Expected a dictionary, but got list.",
            {"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]},
        ),
    ],
)
def test_fields_are_nested_like_the_input(body, error, fields, caller):
    answer = caller.post("/api/v1/any/", body)
    told = answer.json()
    assert (answer.status_code, told["code"], told["error"], told["fields"]) == (
        400,
        "invalid",
        error,
        fields,
    )


def test_a_method_that_is_not_there(caller):
    answer = caller.patch("/api/v1/any/", {})
    assert (answer.status_code, answer.json()["code"], answer["Allow"]) == (
        405,
        "method_not_allowed",
        "GET, POST, HEAD, OPTIONS",
    )


def test_a_kind_of_answer_that_we_have_not(caller):
    answer = caller.get("/api/v1/domain/", headers={"accept": "text/csv"})
    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")


@pytest.mark.parametrize(
    "where", ["/api/v1/a/b/c/", "/nowhere", "/api/v1/%00/x/", "/api/v1/" + "x" * 3000 + "/y/"]
)
def test_an_unknown_path_is_json_too(where, caller):
    answer = caller.get(where)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_djangos_own_refusals():
    request = RequestFactory().get("/")
    assert bad_request(request, ValueError()).status_code == 400
    assert server_error(request).status_code == 500


def test_a_database_that_is_away_is_a_503_before_the_view_too(caller, monkeypatch):
    """ATOMIC_REQUESTS asks for a connection before any view is entered."""

    def refuse(*_, **__):
        raise OperationalError("connection refused: host=secret")

    monkeypatch.setattr("django.db.transaction.Atomic.__enter__", refuse)
    answer = caller.get("/api/v1/domain/")
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "unavailable", "5")
    assert "secret" not in answer.content.decode()


def test_a_crash_is_logged_with_its_trace(caller, caplog):
    with caplog.at_level(logging.ERROR, "django.request"):
        caller.get("/api/v1/crash/")
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [RuntimeError]


def test_a_real_constraint_is_a_400_with_nothing_written():
    alice = make_user("alice")
    with pytest.raises(IntegrityError, match="core_file_complete_means_measured"), transaction.atomic():
        StoredFile.objects.create(owner_id=alice.pk, content_type="text/csv", state="complete")
    assert StoredFile.objects.count() == 0
