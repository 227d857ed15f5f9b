"""A tiny thing to pay for: it grants by writing an audit row in the settling transaction."""

import pytest

from payments.ports import payables, settled
from payments.tests.till import Listener, Things


@pytest.fixture(autouse=True)
def things():
    plug, listener = Things(), Listener()
    payables.register("test_thing", plug)
    settled.register("test_listener", listener)
    yield plug
    payables._plugs.pop("test_thing")
    settled._plugs.pop("test_listener")
