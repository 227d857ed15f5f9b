"""The short ways of an answer say what the long ways say."""

import pytest
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import FormParser
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from core.answers import MadeJson
from core.negotiation import Negotiation
from core.parsers import StrictJSONParser
from core.renderers import Json


def test_bytes_are_the_answer():
    made = MadeJson(b'{"a":1}', status=201, headers={"ETag": '"7"'})
    assert (made.status_code, made.content, made.render() is made) == (201, b'{"a":1}', True)
    assert dict(made.headers) == {"Content-Type": "application/json", "Vary": "Accept", "ETag": '"7"'}


@pytest.mark.parametrize("accept", [
    None, "*/*", "application/json", "application/json, text/plain, */*", "application/json; case=camel",
    "application/json;q=0.5, */*;q=0.1", "text/html", "text/html, */*", "nonsense",
])  # fmt: skip
def test_the_glance_chooses_what_the_rules_choose(accept):
    request = Request(APIRequestFactory().get("/", **({} if accept is None else {"HTTP_ACCEPT": accept})))
    renderers = [Json()]

    def chosen(rules):
        try:
            return rules.select_renderer(request, renderers)
        except NotAcceptable:
            return "refused"

    assert chosen(Negotiation()) == chosen(DefaultContentNegotiation())


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "text/xml", ""]
)
def test_the_parser_is_the_one_for_the_body(content_type):
    request = Request(APIRequestFactory().generic("POST", "/", b"{}", content_type=content_type))
    parsers = [StrictJSONParser(), FormParser()]
    assert Negotiation().select_parser(request, parsers) is DefaultContentNegotiation().select_parser(
        request, parsers
    )
