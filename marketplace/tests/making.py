"""Tunes, versions and buyers for tests."""

import pytest

from core.rls import as_system, as_user
from core.testing.files import stored
from garage.errors import UnreadableFile
from garage.ports import EcuFileFacts, file_readers
from marketplace import services
from marketplace.models import Compatibility, Entitlement, Purchase, Tune
from marketplace.ports import publish_gates
from payments.services import checkout, refund, send
from tuners.tests.making import make_tuner

MT07 = {"make": "Yamaha", "model": "MT-07", "year_from": 2014, "year_to": 2020}


class Reader:
    """Stands for safety's readers: images begin with TUNE."""

    def read(self, data, filename):
        if not data.startswith(b"TUNE"):
            raise UnreadableFile("This is no tune.")
        return EcuFileFacts(
            format="bin", family="denso", signature="denso 1.0", calibration_id="CAL-7", verified=True
        )


@pytest.fixture(autouse=True)
def reader(monkeypatch, tmp_path, settings):
    """Only this reader and no gates, whatever higher floors plug in; files in a folder of their own.

    No cache: the shelf's version moves at commit, which most tests never reach.
    """
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(file_readers, "_plugs", {"test": Reader()})
    monkeypatch.setattr(publish_gates, "_plugs", {})


def make_tune(tuner=None, *, published=True, fits=(MT07,), content=b"TUNE one", **columns):
    """A tune of Tara's on the shelf, with one version."""
    tuner = tuner or make_tuner()
    facts = {"title": "MT-07 street", "price_minor": 249_900, "currency": "INR"}
    with as_system("test"):
        tune = Tune.objects.create(tuner=tuner, **(facts | columns))
        Compatibility.objects.bulk_create(Compatibility(tune=tune, **fit) for fit in fits)
    if published:
        add_version(tune, content)
        services.publish_tune(owner=tuner.user, tune_id=tune.pk)
        with as_system("test"):
            tune.refresh_from_db()
    return tune


def add_version(tune, content=b"TUNE two", **words):
    file = stored(tune.tuner.user, content, "tune_version", filename="map.bin")
    return services.add_version(
        owner=tune.tuner.user, tune_id=tune.pk, file_id=file.pk, sha256=file.sha256, **words
    )


def buy(user, tune, vehicle=None):
    """Purchase and, unless it is free, the money; the entitlement."""
    purchase, payment = services.purchase_tune(buyer=user, tune=tune, vehicle=vehicle)
    if payment is not None:
        pay(payment)
    with as_system("test"):
        return Entitlement.objects.get(purchase=purchase)


def pay(payment):
    checkout.check_out(payment["gateway_order_id"], succeeds=True, late=False)


def give_back(payment, amount_minor):
    """Refund through the till and the sandbox."""
    return send(refund(payment=payment, amount_minor=amount_minor, reason="test").pk)


def purchase_row(user, tune, **columns):
    """A bare open purchase, for tests of states."""
    with as_user(user):
        version = tune.versions.first()
        facts = {"price_minor": tune.price_minor, "currency": tune.currency, "version": version}
        return Purchase.objects.create(user=user, tune=tune, **(facts | columns))
