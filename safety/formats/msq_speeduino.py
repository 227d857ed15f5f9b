"""Speeduino: 16x16 tables since 2016, and the 8x8 layout of 2013-2015 with signature "20"."""

from __future__ import annotations

from typing import Final

from safety.formats.msq_family import Family, ScalarSpec, TableSpec, both, word_is

_SCALARS: Final = (
    ScalarSpec("rev_limit", ("hardRevLim", "HardRevLim"), units="rpm"),
    ScalarSpec("soft_rev_limit", ("SoftRevLim",), units="rpm"),
    ScalarSpec("cylinders", ("nCylinders",)),
    ScalarSpec("stroke", ("twoStroke",), kind="word"),
    ScalarSpec("stoich", ("stoich",), units=":1"),
    ScalarSpec("required_fuel", ("reqFuel",), units="ms"),
    ScalarSpec("injector_dead_time", ("injOpen",), units="ms"),
    ScalarSpec("squirts_divider", ("divider",)),
    ScalarSpec("alternate", ("alternate",), kind="word"),
    ScalarSpec("injector_layout", ("injLayout",), kind="word"),
    ScalarSpec("injectors", ("nInjectors",)),
    ScalarSpec("staging", ("stagingEnabled",), kind="word"),
    ScalarSpec("fuel_model", ("multiplyMAP",), kind="word"),
    ScalarSpec("dwell", ("dwellrun",), units="ms"),
    ScalarSpec("dwell_limit", ("dwellLim",), units="ms"),
    ScalarSpec("fan_on", ("fanSP",), kind="celsius", units="C"),
    ScalarSpec("fan", ("fanEnable",), kind="word"),
    ScalarSpec("boost_control", ("boostEnabled",), kind="word"),
    ScalarSpec("boost_cut", ("boostCutEnabled",), kind="word"),
    ScalarSpec("boost_limit", ("boostLimit",), units="kPa"),
    ScalarSpec("map_sensor_max", ("mapMax",), units="kPa"),
    ScalarSpec("protection", ("engineProtectType",), kind="word"),
    ScalarSpec("afr_protection", ("afrProtectEnabled",), kind="word"),
    ScalarSpec("oil_protection", ("oilPressureProtEnbl",), kind="word"),
    ScalarSpec("coolant_protection", ("coolantProtEnbl",), kind="word"),
    ScalarSpec("dwell_protection", ("useDwellLim",), kind="word"),
    ScalarSpec("knock", ("knock_mode",), kind="word"),
    ScalarSpec("launch", ("launchEnable",), kind="word"),
    ScalarSpec("nitrous", ("n2o_enable",), kind="word"),
    ScalarSpec("water_injection", ("wmiEnabled",), kind="word"),
    ScalarSpec("trigger", ("TrigPattern",), kind="word"),
    ScalarSpec("trigger_angle", ("TrigAng",), units="deg"),
    ScalarSpec("load_source", ("algorithm",), kind="word"),
    ScalarSpec("oxygen_sensor", ("egoType",), kind="word"),
)

_NUMBERS: Final = ("injOpen", "divider", "nInjectors", "dutyLim", "numTeeth", "missingTeeth", "TrigAngMul")

SPEEDUINO: Final = Family(
    key="speeduino",
    marks=(
        ("veTable", "advTable1", "afrTable", "fuelLoadBins", "mapBins1", "reqFuel"),
        ("veTable", "advTable1", "afrTable", "fuelLoadBins", "mapBins1", "nCylinders"),
        ("veTable", "rpmBins", "advTable1", "rpmBins2", "afrTable", "rpmBinsAFR", "reqFuel"),
        ("veTable", "rpmBins", "fuelLoadBins", "reqFuel", "nCylinders"),
        ("advTable1", "rpmBins2", "mapBins1", "reqFuel", "nCylinders"),
    ),
    tables=(
        TableSpec("ve", "veTable", ("rpmBins",), ("fuelLoadBins", "tpsBins", "mapBins")),
        TableSpec("ignition", "advTable1", ("rpmBins2",), ("mapBins1", "tpsBins2")),
        TableSpec(
            "target_lambda",
            "afrTable",
            ("rpmBinsAFR",),
            ("loadBinsAFR", "tpsBinsAFR", "mapBinsAFR"),
            hint="binsafr",
        ),
        TableSpec(
            "boost_target",
            "boostTable",
            ("rpmBinsBoost",),
            ("tpsBinsBoost",),
            both(word_is("boostEnabled"), word_is("boostType", "Closed Loop")),
            hint="binsboost",
        ),
        TableSpec(
            "ve",
            "veTable2",
            ("fuelRPM2Bins",),
            ("fuelLoad2Bins",),
            word_is("fuel2Mode"),
            secondary=True,
        ),
        TableSpec(
            "ignition", "advTable2", ("rpmBins3",), ("mapBins2",), word_is("spark2Mode"), secondary=True
        ),
        TableSpec(
            "dwell",
            "dwellTable",
            ("rpmBinsDwell",),
            ("mapBinsDwell", "loadBinsDwell"),
            word_is("useDwellMap"),
            secondary=True,
            hint="binsdwell",
        ),
    ),
    scalars=_SCALARS,
    load_word=("algorithm",),
    numbers=_NUMBERS,
)

# 2013-2015: 8x8 tables; axes are called map or tps, and the last versions carry a target table.
SPEEDUINO_OLD: Final = Family(
    key="speeduino",
    marks=(
        ("veTable", "advTable1", "rpmBins2", "reqFuel", "Trig_plus", "tpsBins2"),
        ("veTable", "advTable1", "rpmBins2", "reqFuel", "Trig_plus", "mapBins2"),
    ),
    tables=(
        TableSpec("ve", "veTable", ("rpmBins",), ("mapBins", "tpsBins")),
        TableSpec("ignition", "advTable1", ("rpmBins2",), ("mapBins2", "tpsBins2")),
        TableSpec("target_lambda", "afrTable", ("rpmBinsAFR",), ("tpsBinsAFR", "mapBinsAFR")),
    ),
    scalars=_SCALARS,
    default_stoich=14.7,
    load_word=("algorithm",),
    numbers=_NUMBERS,
)
