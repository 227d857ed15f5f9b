"""The architecture itself: what import-linter cannot see."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db.models import ForeignKey
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.generics import GenericAPIView

from core.checks import RLS_EXEMPT, models_with_policy
from core.errors import DomainError
from core.models import Record
from core.views import ScopedMixin

FLOORS = [
    {"core"},
    {"sync"},
    {"users"},
    {"payments", "chat", "assistant"},
    {"garage", "tuners", "memberships"},
    {"marketplace", "appointments", "telematics"},
    {"safety"},
]
FLOOR = {app: height for height, floor in enumerate(FLOORS) for app in floor}
OWN_MODELS = [model for model in apps.get_models() if model._meta.app_label in FLOOR]


def views():
    """Every view class of the API, by its path."""

    def walk(patterns, prefix):
        for pattern in patterns:
            path = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, path)
            elif isinstance(pattern, URLPattern) and path.startswith("api/v1/"):
                yield path, getattr(pattern.callback, "cls", getattr(pattern.callback, "view_class", None))

    return [(path, view) for path, view in walk(get_resolver().url_patterns, "") if view]


def test_foreign_keys_look_down_only():
    up = [
        f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}"
        for model in OWN_MODELS
        for field in model._meta.fields
        if isinstance(field, ForeignKey)
        and field.related_model._meta.app_label in FLOOR
        and field.related_model._meta.app_label != model._meta.app_label
        and FLOOR[field.related_model._meta.app_label] >= FLOOR[model._meta.app_label]
    ]
    assert up == []


def test_the_lower_app_stays_unaware():
    """A foreign key into another app has related_name="+"."""
    aware = [
        f"{model._meta.label}.{field.name}"
        for model in OWN_MODELS
        for field in model._meta.local_fields
        if isinstance(field, ForeignKey)
        and field.related_model._meta.app_label in FLOOR
        and field.related_model._meta.app_label != model._meta.app_label
        and not field.remote_field.hidden
    ]
    assert aware == []


def test_no_view_chooses_its_own_rows():
    loose = [
        f"{path} {view.__name__}"
        for path, view in views()
        if (issubclass(view, GenericAPIView) and not issubclass(view, ScopedMixin))
        or "queryset" in vars(view)
        or ("get_queryset" in vars(view) and view.__module__.split(".")[0] != "core")
    ]
    assert loose == []


def test_every_record_is_under_row_level_security_or_says_why_not():
    bare = {
        model._meta.label_lower for model in OWN_MODELS if issubclass(model, Record)
    } - models_with_policy()
    assert bare <= set(RLS_EXEMPT)
    assert all(len(reason) > 20 for reason in RLS_EXEMPT.values())


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_every_error_code_is_documented():
    """docs/errors.md is the list that clients program against."""

    def below(cls):
        for child in cls.__subclasses__():
            yield child
            yield from below(child)

    text = (Path(settings.BASE_DIR) / "docs" / "errors.md").read_text(encoding="utf-8")
    documented = dict(re.findall(r"^\| `([a-z0-9_]+)` \| (\d{3})", text, flags=re.MULTILINE))
    ours = {
        error.code: str(error.status)
        for error in below(DomainError)
        if ".tests" not in error.__module__ and "conftest" not in error.__module__
    }
    assert {code: status for code, status in ours.items() if documented.get(code) != status} == {}
