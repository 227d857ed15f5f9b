"""Makes the demo shelf in bulk, from one seed. What is there stays."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from core import clock
from core.files.services import put_bytes
from core.models import FilePurpose, StoredFile
from garage.models import VehicleModel
from garage.services.catalogue import load
from marketplace.demo.words import REVIEWS, RIDERS, STAGES, TUNERS, WEIGHTS
from marketplace.models import (
    Compatibility,
    Entitlement,
    FileState,
    Purchase,
    PurchaseStatus,
    Stage,
    Tune,
    TuneReview,
    TuneStatus,
    TuneVersion,
)
from tuners.models import TunerProfile
from users.models import Role, User

Progress = Callable[[int, int], None]
SEED = 2026
BATCH = 100
HOST = "demo.revsync.dev"
TWIN = Path(__file__).resolve().parent.parent / "data" / "demo" / "twin_street.msq"


@dataclass(slots=True)
class Batch:
    """Rows of some tunes, in the order in which they are written."""

    tunes: list[Tune] = field(default_factory=list)
    fits: list[Compatibility] = field(default_factory=list)
    versions: list[TuneVersion] = field(default_factory=list)
    purchases: list[Purchase] = field(default_factory=list)
    rights: list[Entitlement] = field(default_factory=list)
    reviews: list[TuneReview] = field(default_factory=list)

    def write(self) -> None:
        """Versions and fits before the tunes go on the shelf, so that each listing is made once."""
        Tune.objects.bulk_create(self.tunes)
        Compatibility.objects.bulk_create(self.fits)
        TuneVersion.objects.bulk_create(self.versions)
        Purchase.objects.bulk_create(self.purchases)
        Entitlement.objects.bulk_create(self.rights)
        TuneReview.objects.bulk_create(self.reviews)
        for tune in self.tunes:
            tune.status = TuneStatus.PUBLISHED
        Tune.objects.bulk_update(self.tunes, ["status"])


def fill_shelf(wanted: int, *, tara: TunerProfile | None = None, progress: Progress | None = None) -> int:
    """Fill the demo shelf up to `wanted` tunes of demo tuners, and Tara's two; how many were made.

    Needs the system role. Repeating makes nothing.
    """
    if tara is not None:
        _taras_tunes(tara)
    present = Tune.objects.filter(tuner__user__email__endswith=f"@{HOST}").exclude(tuner=tara).count()
    if present >= wanted:
        return 0
    if not VehicleModel.objects.exists():
        load()
    dice = random.Random(SEED + present)  # noqa: S311 -- a demo, not a secret
    shop = _Shop(dice, _tuners(), _riders(), _models())
    for start in range(present, wanted, BATCH):
        batch = Batch()
        for number in range(start, min(start + BATCH, wanted)):
            shop.add(batch, number)
        batch.write()
        if progress:
            progress(min(start + BATCH, wanted) - present, wanted - present)
    return wanted - present


class _Shop:
    """Makes one believable tune after the other."""

    def __init__(
        self,
        dice: random.Random,
        tuners: list[tuple[TunerProfile, StoredFile, set[str]]],
        riders: list[User],
        models: dict[str, list[VehicleModel]],
    ) -> None:
        self.dice, self.tuners, self.riders, self.models = dice, tuners, riders, models

    def add(self, batch: Batch, number: int) -> None:
        dice = self.dice
        profile, file, kinds = self.tuners[number % len(self.tuners)]
        kind = dice.choice(sorted(kinds & self.models.keys()))
        model = dice.choice(self.models[kind])
        stage = dice.choices(list(WEIGHTS), weights=list(WEIGHTS.values()))[0]
        tune = self._tune(profile, model, stage)
        batch.tunes.append(tune)
        batch.fits.append(_fit(tune, model))
        batch.versions.append(self._version(tune, file))
        self._buyers(batch, tune, batch.versions[-1])

    def _tune(self, profile: TunerProfile, model: VehicleModel, stage: Stage) -> Tune:
        dice = self.dice
        titles, summary, needs, gain, price = STAGES[stage]
        share = Decimal(dice.randint(gain[0] * 10, gain[1] * 10)) / 1000
        published = clock.now() - timedelta(days=dice.randint(1, 700), seconds=dice.randint(0, 86_399))
        free = price[1] == 0 or dice.random() < 0.06
        return Tune(
            tuner=profile,
            title=dice.choice(titles).format(model=f"{model.brand.name} {model.name}")[:120],
            summary=summary,
            description=f"Made on our own dyno in {profile.location}. {summary} {needs}".strip(),
            stage=stage,
            fuel_type=model.fuel_type,
            requirements=needs,
            gain_power_kw=round(model.engine_power_kw * share, 1) if model.engine_power_kw else None,
            gain_torque_nm=round(model.engine_torque_nm * share, 1) if model.engine_torque_nm else None,
            price_minor=0 if free else dice.randrange(price[0], price[1], 50) * 100 - 100,
            currency="INR",
            vin_bound=stage in {Stage.STAGE_3, Stage.RACE} and dice.random() < 0.4,
            published_at=published,
            created_at=published - timedelta(days=3),
        )

    def _version(self, tune: Tune, file: StoredFile) -> TuneVersion:
        """A demo tuner has one file, so a tune of theirs has one version."""
        return TuneVersion(
            tune=tune,
            number=1,
            file_id=file.pk,
            filename="map-v1.bin",
            size=file.size,
            sha256=file.sha256,
            changelog="First release.",
            state=FileState.READABLE,
            format="bin",
            published_at=tune.published_at,
        )

    def _buyers(self, batch: Batch, tune: Tune, version: TuneVersion) -> None:
        dice = self.dice
        most = min(len(self.riders), int(dice.paretovariate(1.1)))
        for rider in dice.sample(self.riders, k=most - 1):
            bought = (tune.published_at or clock.now()) + timedelta(hours=dice.randint(1, 20))
            purchase = Purchase(
                user=rider,
                tune=tune,
                version=version,
                price_minor=tune.price_minor,
                currency=tune.currency,
                status=PurchaseStatus.PAID,
                paid_at=bought,
                created_at=bought,
            )
            tune.sales_count += 1
            batch.purchases.append(purchase)
            batch.rights.append(
                Entitlement(user=rider, tune=tune, purchase=purchase, granted_at=bought, created_at=bought)
            )
            if dice.random() < 0.6:
                rating, text = dice.choice(REVIEWS)
                batch.reviews.append(
                    TuneReview(
                        tune=tune,
                        purchase=purchase,
                        author=rider,
                        rating=rating,
                        text=text,
                        created_at=bought + timedelta(days=2),
                    )
                )


def _fit(tune: Tune, model: VehicleModel) -> Compatibility:
    return Compatibility(
        tune=tune,
        vehicle_model=model,
        make=model.brand.name,
        model=model.name,
        year_from=model.year_from,
        year_to=model.year_to,
        ecu_family=model.ecu_family,
    )


def _models() -> dict[str, list[VehicleModel]]:
    """Models that people tune, by type: with an engine, not too old."""
    rows = VehicleModel.objects.filter(deleted_at=None, year_from__gte=2004)
    rows = rows.exclude(fuel_type="electric").select_related("brand", "vehicle_type").order_by("code")
    found: dict[str, list[VehicleModel]] = {}
    for model in rows:
        found.setdefault(model.vehicle_type.code, []).append(model)
    return found


def _tuners() -> list[tuple[TunerProfile, StoredFile, set[str]]]:
    found = []
    for number, (business, city, lat, lng, specialities, kinds) in enumerate(TUNERS, start=1):
        user = _person(f"tuner{number:02}", business.partition(" ")[0], Role.TUNER)
        profile, _ = TunerProfile.objects.get_or_create(
            user=user,
            defaults={
                "business": business,
                "location": city,
                "lat": lat,
                "lng": lng,
                "specialities": specialities,
                "bio": f"Tuning in {city}.",
            },
        )
        found.append((profile, _image(user, number), kinds))
    return found


def _riders() -> list[User]:
    return [_person(f"rider{number:02}", name, Role.RIDER) for number, name in enumerate(RIDERS, start=1)]


def _person(key: str, name: str, role: str) -> User:
    """Demo people without a password: nobody logs in as them."""
    email = f"{key}@{HOST}"
    found: User | None = User.objects.filter(email=email).first()
    return found or User.objects.create_user(email=email, password=None, first_name=name, role=role)


def _image(owner: User, number: int) -> StoredFile:
    """A made-up image of an ECU, 16 KiB, the same at every start."""
    name = f"demo-image-{number:02}.bin"
    found: StoredFile | None = StoredFile.objects.filter(
        owner_id=owner.pk, filename=name, deleted_at=None
    ).first()
    data = random.Random(number).randbytes(16 * 1024)  # noqa: S311 -- a demo, not a secret
    return found or put_bytes(owner.pk, FilePurpose.TUNE_VERSION, name, "application/octet-stream", data)


def _taras_tunes(tara: TunerProfile) -> None:
    """One to buy and one for nothing, with a real Speeduino file behind them."""
    if Tune.objects.filter(tuner=tara).exists():
        return
    file = put_bytes(tara.user_id, FilePurpose.TUNE_VERSION, TWIN.name, "application/xml", TWIN.read_bytes())
    wanted: tuple[dict[str, Any], ...] = (
        {"title": "MT-07 street by Tara", "stage": Stage.STAGE_1, "price_minor": 249_900},
        {"title": "Twin base map", "stage": Stage.BASE, "price_minor": 0},
    )
    for facts in wanted:
        tune = Tune.objects.create(
            tuner=tara,
            summary="Smooth from idle, made for a Speeduino on a parallel twin.",
            fuel_type="petrol",
            currency="INR",
            **facts,
        )
        Compatibility.objects.create(
            tune=tune, make="Yamaha", model="MT-07", year_from=2014, ecu_family="Speeduino", verified=True
        )
        TuneVersion.objects.create(
            tune=tune,
            number=1,
            file_id=file.pk,
            filename=file.filename,
            size=file.size,
            sha256=file.sha256,
            changelog="First release.",
            state=FileState.READABLE,
            format="msq",
            family="speeduino",
            signature="speeduino 202305",
            published_at=clock.now(),
        )
        tune.status, tune.published_at = TuneStatus.PUBLISHED, clock.now()
        tune.save(update_fields=["status", "published_at"])
