"""Routes found by their first words lead where Django's own way of trying them all leads."""

import re

import pytest
from django.urls import Resolver404, URLResolver, get_resolver, include, path
from django.urls.resolvers import RoutePattern

from core.routes import Routes


def view(request, **words):
    raise AssertionError("nobody asks")


ROUTES = [
    path("bikes/", view, name="bikes"),
    path("bikes/<uuid:pk>/", view, name="bike"),
    path("bikes/new/", view, name="new"),
    path("<str:anything>/new/", view, name="anything-new"),
    path("bikes/new/<int:number>/", view, name="new-number"),
    path("rides/<str:word>/", view, name="ride"),
    path("rides/latest/", view, name="hidden behind the word"),
    path("about", view, name="about"),
    path("inner/", include([path("", view, name="inner"), path("deep/<int:number>/", view, name="deep")])),
    path("inner/deep/last/", view, name="last"),
]
ONE = "018f0000-0000-7000-8000-000000000001"


@pytest.mark.parametrize(
    "words",
    [
        "bikes/",
        f"bikes/{ONE}/",
        "bikes/new/",
        "cars/new/",
        "bikes/new/5/",
        "rides/today/",
        "rides/latest/",
        "about",
        "",
        "/",
        "about/",
        "bikes",
        "bikes/x/",
        "bikes/new/5/6/",
        "rides/a/b/",
        "unknown/",
        "<str:anything>/new/",
        "bikes/<uuid:pk>/",
        "bikes/new",
        "inner/",
        "inner/deep/5/",
        "inner/deep/last/",
        "inner/other/",
    ],
)
def test_they_lead_where_django_leads(words):
    theirs, ours = (
        found(resolver, f"v1/{words}")
        for resolver in (URLResolver(path("v1/", include([])).pattern, ROUTES), Routes("v1/", ROUTES))
    )
    assert ours == theirs


def found(resolver, words):
    try:
        match = resolver.resolve(words)
    except Resolver404:
        return None
    return match.url_name, match.kwargs, match.route


def test_another_prefix_is_not_theirs():
    with pytest.raises(Resolver404):
        Routes("v1/", ROUTES).resolve("v2/bikes/")


EXAMPLES = {"uuid": ONE, "int": "7", "str": "word", "slug": "a-word", "path": "a/b"}


def test_every_route_of_the_api_is_found():
    api = get_resolver().url_patterns[0].url_patterns
    ours, theirs = Routes("v1/", api), URLResolver(path("v1/", include([])).pattern, api)
    for words in [*spelled_out(api), "payments/sandbox/order_ABCDEFGHIJKLMN/pay/", "safety/reports/"]:
        expected = found(theirs, f"v1/{words}")
        assert expected is not None, words
        assert found(ours, f"v1/{words}") == expected


def spelled_out(routes):
    """Paths to all routes but those of regular expressions."""
    for route in routes:
        if not isinstance(route.pattern, RoutePattern):
            continue
        words = re.sub(r"<(?:(\w+):)?\w+>", lambda word: EXAMPLES[word[1] or "str"], str(route.pattern))
        if isinstance(route, URLResolver):
            yield from (words + more for more in spelled_out(route.url_patterns))
        else:
            yield words
