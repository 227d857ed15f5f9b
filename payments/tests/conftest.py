"""A tiny thing to pay for, and Razorpay's stand-in."""

import pytest
from django.db import connection

from payments.ports import payables, settled, subscribers
from payments.tests.till import KIND, Listener, Subscribers, Things
from tests.standins import razorpay


@pytest.fixture(autouse=True)
def things():
    plug, listener, subscriber = Things(), Listener(), Subscribers()
    payables.register(KIND, plug)
    settled.register("test_listener", listener)
    subscribers.register(KIND, subscriber)
    yield plug
    payables._plugs.pop(KIND)
    settled._plugs.pop("test_listener")
    subscribers._plugs.pop(KIND)


@pytest.fixture(autouse=True)
def _no_jobs_of_others(_system_role):
    """Tests with real transactions leave their jobs behind: the job table isn't one that Django empties."""
    if connection.connection is not None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM procrastinate_jobs")


@pytest.fixture
def standin(settings):
    """Razorpay on a real port, driven by its real SDK."""
    with razorpay.serving() as server:
        settings.RAZORPAY_KEY_ID = server.key_id
        settings.RAZORPAY_KEY_SECRET = server.key_secret
        settings.RAZORPAY_WEBHOOK_SECRETS = ["an older secret", server.webhook_secret]
        settings.RAZORPAY_BASE_URL = server.url
        settings.RAZORPAY_TIMEOUT = (1.0, 0.5)
        settings.PAYMENTS_GATEWAY = "razorpay"
        yield server
