"""From the garage's vehicle to the facts that the rules need."""

from decimal import Decimal
from typing import Any

from garage.models import Vehicle
from safety.vehicle import VehicleProfile


def profile_of(vehicle: Vehicle) -> VehicleProfile:
    """What the owner says of the vehicle; where that is silent, what the catalogue says of its model."""
    model = vehicle.vehicle_model

    def fact(name: str) -> Any:
        own = getattr(vehicle, name)
        value = own if own not in {None, ""} else getattr(model, name, None)
        return float(value) if isinstance(value, Decimal) else value or None

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
        name=str(vehicle),
    )
