"""What the people of the demo world come to own by using the house, made through its own doors.

The demo world shows a newcomer a tidy garage; tests of isolation need a row on every private list. A new app brings
its rows by its `demo_worlds` plug, or by one more function here.
"""

from contextlib import contextmanager
from datetime import timedelta

from django.db import transaction

from appointments.services import waitlist
from core import clock
from core.ports import demo_worlds
from core.rls import SYSTEM_ROLE, as_system
from core.testing.client import use_role
from core.testing.files import stored, upload
from garage.models import EcuBackup
from garage.services.backups import verify_backup
from marketplace.models import Tune
from marketplace.services import purchase_tune
from payments.models import PayoutAccount
from payments.services import checkout, payouts
from tests.cast import login
from users.models import Identity, UserDevice

RIDERS = ("alice", "bob")
PDF = {"content_type": "application/pdf"}


@contextmanager
def undone():
    """Rows for a whole module of tests: a transaction under the system role that leaves nothing behind."""
    block = transaction.atomic()
    block._from_testcase = True  # what Django's TestCase says of its own: gateways may be called inside
    with block:
        use_role(SYSTEM_ROLE)
        yield
        transaction.set_rollback(True)


def fill_everything(words="own"):
    """The demo world, and rows of everything else; the people by name. Free texts begin with `words`."""
    world = {"accounts": [], "words": words}
    for plug in demo_worlds.values():
        plug.fill(world)
    for gift in GIFTS:
        gift(world)
    return world


def phones_and_logins(world):
    for who in RIDERS:
        name = f"{world['words']}-{who}"
        UserDevice.objects.create(user=world[who], device_id=f"{who}s-phone", name=f"{name}-device")
        Identity.objects.create(
            user=world[who], provider="acme", issuer="https://id.example", subject=f"{name}-subject"
        )


def papers(world):
    """A document with its file."""
    file = stored(world["alice"], b"%PDF-1.4 policy", "document", filename="policy.pdf", **PDF)
    wanted = {
        "vehicle_id": str(world["alice_vehicle"].pk),
        "title": f"{world['words']} insurance",
        "file_id": str(file.pk),
    }
    made(login(world["alice"]).post("/api/v1/garage/documents/", wanted))


def a_flash(world):
    """The stock map goes back onto the ECU: needs no report."""
    bike = world["alice_vehicle"]
    backup = EcuBackup.objects.filter(vehicle=bike).earliest("created_at")
    verify_backup(backup.pk)
    wanted = {"vehicle_id": str(bike.pk), "source": {"kind": "backup", "id": str(backup.pk)}}
    made(login(world["alice"]).post("/api/v1/garage/flash-jobs/", wanted))


def a_sale(world):
    """Alice pays for a tune of Tara's: purchase and entitlement for her, earnings for Tara."""
    tune = Tune.objects.get(tuner=world["tara_tuner"], price_minor__gt=0)
    world["sale"], payment = purchase_tune(buyer=world["alice"], tune=tune, vehicle=None)
    checkout.check_out(payment["gateway_order_id"], succeeds=True, late=False)


def a_favourite(world):
    wanted = {"tune_id": str(world["sale"].tune_id), "note": f"{world['words']} note"}
    made(login(world["alice"]).post("/api/v1/marketplace/favourites/", wanted))


def a_payout(world):
    """What Tara earned has cleared and is on its way."""
    account = payouts.register_account(
        user=world["tara"], gateway="sandbox", gateway_account_id="acc_tara", label="Tara's bank"
    )
    payouts.verify_account(account, by=world["sam"])
    with clock.held_at(clock.now() + timedelta(days=60)), as_system("the till"):
        assert payouts.schedule(PayoutAccount.objects.get(pk=account.pk), "INR")


def an_application(world):
    """Bob would be a tuner too."""
    client = login(world["bob"])
    file = upload(client, b"%PDF-1.4 certificate", filename="cert.pdf", purpose="certification", **PDF)
    paper = {"kind": "training", "title": "Dyno course", "file_id": file["id"]}
    made(client.post("/api/v1/tuners/applications/", {"business": "Bob Maps", "certifications": [paper]}))


def a_wish(world):
    """Alice waits for a time at the shop."""
    today = clock.now().date()
    waitlist.join(
        user=world["alice"],
        location=world["shop"],
        services=[world["services"]["oil-change"]],
        date_from=today,
        date_to=today + timedelta(days=3),
    )


def a_dead_letter(world):
    """A phone pushed a reading that cannot be."""
    bike = {"id": str(world["alice_vehicle"].pk), "odometer_km": -1}
    changes = {"vehicles": {"created": [], "updated": [bike], "deleted": []}}
    answer = login(world["alice"]).post("/api/v1/sync/push/", {"changes": changes})
    assert len(answer.json()["rejected"]) == 1, answer.json()


def made(answer):
    assert answer.status_code == 201, answer.json()


def a_block(world):
    made(login(world["alice"]).post("/api/v1/chat/blocks/", {"user_id": str(world["bob"].pk)}))


GIFTS = (
    phones_and_logins,
    papers,
    a_flash,
    a_sale,
    a_favourite,
    a_payout,
    an_application,
    a_wish,
    a_dead_letter,
    a_block,
)
