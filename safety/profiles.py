"""From the garage's vehicle, or a tuner's words about what a tune fits, to the facts that the rules need."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db.models import Q

from garage.models import Vehicle, VehicleModel
from marketplace.fitment import label_of
from marketplace.models import Compatibility, TuneVersion
from safety.vehicle import VehicleProfile

MOST_MODELS = 4  # catalogue models that one row in words may mean


@dataclass(frozen=True, slots=True)
class DeclaredProfile:
    """The facts about one kind of vehicle, and the rows that mean it, in words."""

    facts: VehicleProfile
    label: str

    @property
    def digest(self) -> str:
        """Two models with the same facts are one kind: the name does not count."""
        return replace(self.facts, name="").digest


def profile_of(vehicle: Vehicle) -> VehicleProfile:
    """What the owner says of the vehicle; where that is silent, what the catalogue says of its model."""
    model = vehicle.vehicle_model

    def fact(name: str) -> Any:
        own = getattr(vehicle, name)
        return _plain(own if own not in {None, ""} else getattr(model, name, None))

    return VehicleProfile(
        kind=model.vehicle_type.code if model else "unknown",
        cylinders=fact("engine_cylinders"),
        displacement_cc=fact("engine_displacement_cc"),
        stroke=fact("engine_stroke"),
        aspiration=fact("engine_aspiration"),
        fuel=fact("fuel_type"),
        redline_rpm=fact("engine_redline_rpm"),
        compression=fact("engine_compression"),
        injector_cc_min=fact("engine_injector_cc_min"),
        # The catalogue's ECU is hearsay about the stock unit; only the owner knows what sits in this vehicle.
        ecu_family=vehicle.ecu_family or None,
        ecu_hardware=vehicle.ecu_hardware or None,
        ecu_software=vehicle.ecu_software or None,
        calibration_id=vehicle.ecu_calibration_id or None,
        vin=vehicle.vin or None,
        name=f"{vehicle.make} {vehicle.model}".strip(),  # no nickname: a new one is no other vehicle
    )


def declared_profiles(version: TuneVersion, fits: list[Compatibility]) -> list[DeclaredProfile]:
    """Every kind of vehicle that the tuner declares, each once, in the order of the rows.

    A row in words takes its facts from the catalogue's models of that name and those years; one that names only an
    ECU says nothing about the engine.
    """
    found: dict[str, DeclaredProfile] = {}
    for fit in fits:
        models: list[VehicleModel | None] = [*_models_of(fit)]
        for model in models or [None]:
            profile = DeclaredProfile(_facts(version, fit, model), label_of(fit)[:200])
            found.setdefault(profile.digest, profile)
    return list(found.values())


def _facts(version: TuneVersion, fit: Compatibility, model: VehicleModel | None) -> VehicleProfile:
    def fact(name: str) -> Any:
        return _plain(getattr(model, name, None))

    own_id = version.calibration_id
    wanted = own_id if own_id in fit.calibration_ids else next(iter(fit.calibration_ids), None)
    return VehicleProfile(
        kind=model.vehicle_type.code if model else "unknown",
        cylinders=fact("engine_cylinders"),
        displacement_cc=fact("engine_displacement_cc"),
        stroke=fact("engine_stroke"),
        aspiration=fact("engine_aspiration"),
        fuel=version.tune.fuel_type or fact("fuel_type"),
        redline_rpm=fact("engine_redline_rpm"),
        compression=fact("engine_compression"),
        ecu_family=fit.ecu_family or None,
        ecu_hardware=fit.ecu_hardware or None,
        ecu_software=fit.ecu_software or None,
        calibration_id=wanted,
        name=f"{fit.make} {fit.model}".strip(),
    )


def _models_of(fit: Compatibility) -> list[VehicleModel]:
    if fit.vehicle_model is not None:
        return [fit.vehicle_model]
    if not fit.make or not fit.model:
        return []
    rows = VehicleModel.objects.live().filter(brand__name__iexact=fit.make, name__iexact=fit.model)
    if fit.year_from is not None:
        rows = rows.filter(Q(year_to=None) | Q(year_to__gte=fit.year_from))
    if fit.year_to is not None:
        rows = rows.filter(year_from__lte=fit.year_to)
    return list(rows.select_related("vehicle_type")[:MOST_MODELS])


def _plain(value: Any) -> Any:
    """A number that JSON and the rules know; nothing for what nobody said."""
    return float(value) if isinstance(value, Decimal) else value or None
