"""What tests of identity need: empty outboxes, and throttles that they can switch on."""

import pytest
from django.core import mail

from core import throttling
from users.tests.outbox import Outbox


@pytest.fixture(autouse=True)
def _empty_outboxes():
    Outbox.messages.clear()
    mail.outbox = []


@pytest.fixture
def throttled(settings, monkeypatch):
    """`throttled(register="2/h")`: these limits count, in this process."""
    monkeypatch.setattr(throttling, "counter", lambda: throttling.local)
    throttling.local.clear()

    def switch(**rates):
        settings.THROTTLES = {**dict.fromkeys(settings.THROTTLES, "off"), **rates}

    return switch
