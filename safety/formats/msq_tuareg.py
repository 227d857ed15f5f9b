"""Tuareg, a motorcycle ECU with names of its own; its signature says "rusEFI", so the names decide."""

from __future__ import annotations

from typing import Final

from safety.formats.msq_family import Family, ScalarSpec, TableSpec

TUAREG: Final = Family(
    key="tuareg",
    marks=(
        ("ignAdv_TPS_z", "fuelVE_TPS_z", "fuelAFR_TPS_z", "TuaregSetupMaxRpm"),
        ("ignAdv_TPS_z", "TuaregSetupVersion", "IgnitionVersion"),
    ),
    tables=(
        TableSpec("ve", "fuelVE_TPS_z", ("fuelVE_TPS_x",), ("fuelVE_TPS_y",)),
        TableSpec("ve", "fuelVE_MAP_z", ("fuelVE_MAP_x",), ("fuelVE_MAP_y",)),
        TableSpec("ignition", "ignAdv_TPS_z", ("ignAdv_TPS_x",), ("ignAdv_TPS_y",)),
        TableSpec("target_lambda", "fuelAFR_TPS_z", ("fuelAFR_TPS_x",), ("fuelAFR_TPS_y",)),
        TableSpec("target_lambda", "fuelAFR_MAP_z", ("fuelAFR_MAP_x",), ("fuelAFR_MAP_y",)),
        TableSpec("dwell", "ignDwell_y", ("ignDwell_x",), scale=0.001),
    ),
    scalars=(
        ScalarSpec("rev_limit", ("TuaregSetupMaxRpm",), units="rpm"),
        ScalarSpec("cylinder_volume_cc", ("FuelingSetupCylinderVolume",), units="cc"),
        ScalarSpec("injector_flow", ("FuelingSetupInj1Rate",), units="mg/s"),
        ScalarSpec("injector_flow_second", ("FuelingSetupInj2Rate",), units="mg/s"),
    ),
    default_stoich=14.7,
    numbers=("FuelingSetupInjMaxDc", "TuaregSetupOverheatThres", "TuaregSetupLimpMaxRpm"),
)
