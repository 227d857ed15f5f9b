"""rusEFI and its relatives (FOME, epicEFI): lambda or AFR targets under one name, told by the values."""

from __future__ import annotations

from typing import Final

from safety.formats.msq_family import Family, ScalarSpec, TableSpec, both, word_is

RUSEFI: Final = Family(
    key="rusefi",
    marks=(
        ("veTable", "ignitionTable", "veLoadBins", "ignitionLoadBins", "cylindersCount"),
        ("veTable", "ignitionTable", "lambdaTable", "cylindersCount"),
        ("veTable", "veRpmBins", "veLoadBins", "cylindersCount"),
        ("ignitionTable", "ignitionRpmBins", "ignitionLoadBins", "cylindersCount"),
    ),
    tables=(
        TableSpec("ve", "veTable", ("veRpmBins",), ("veLoadBins",)),
        TableSpec("ignition", "ignitionTable", ("ignitionRpmBins",), ("ignitionLoadBins",)),
        TableSpec(
            "target_lambda", "lambdaTable", ("lambdaRpmBins", "afrRpmBins"), ("lambdaLoadBins", "afrLoadBins")
        ),
        TableSpec("target_lambda", "afrTable", ("afrRpmBins",), ("afrLoadBins",)),
        TableSpec("dwell", "sparkDwellValues", ("sparkDwellRpmBins",)),
        TableSpec(
            "boost_target",
            "boostTableClosedLoop",
            ("boostRpmBins",),
            ("boostClosedLoopLoadBins", "boostLoadBins", "boostTpsBins"),
            both(word_is("isBoostControlEnabled"), word_is("boostType", "Closed Loop")),
        ),
        TableSpec("idle_target", "cltIdleRpm", ("cltIdleRpmBins",)),
    ),
    scalars=(
        ScalarSpec("rev_limit", ("rpmHardLimit",), units="rpm"),
        ScalarSpec("cylinders", ("cylindersCount",)),
        ScalarSpec("displacement_cc", ("displacement",), units="cc", scale=1000.0),
        ScalarSpec("stroke", ("twoStroke",), kind="word"),
        ScalarSpec("stoich", ("stoichRatioPrimary",), units=":1"),
        ScalarSpec("injector_flow", ("injector_flow",), units="cc/min"),
        ScalarSpec("injector_flow_kind", ("injectorFlowAsMassFlow",), kind="word"),
        ScalarSpec("fan_on", ("fanOnTemperature",), kind="celsius", units="C"),
        ScalarSpec("boost_control", ("isBoostControlEnabled",), kind="word"),
        ScalarSpec("boost_limit", ("boostCutPressure",), units="kPa"),
        ScalarSpec("rev_cut_fuel", ("cutFuelOnHardLimit",), kind="word"),
        ScalarSpec("rev_cut_spark", ("cutSparkOnHardLimit",), kind="word"),
        ScalarSpec("afr_protection", ("lambdaProtectionEnable",), kind="word"),
        ScalarSpec("knock", ("enableSoftwareKnock",), kind="word"),
        ScalarSpec("launch", ("launchControlEnabled",), kind="word"),
        ScalarSpec("antilag", ("antiLagEnabled",), kind="word"),
        ScalarSpec("nitrous", ("nitrousControlEnabled",), kind="word"),
        ScalarSpec("trigger", ("trigger_type",), kind="word"),
        ScalarSpec("trigger_angle", ("globalTriggerAngleOffset",), units="deg"),
        ScalarSpec("load_source", ("fuelAlgorithm",), kind="word"),
    ),
    load_word=("fuelAlgorithm",),
    numbers=("maxInjectorDutyInstant", "maxInjectorDutySustained", "fuelReferencePressure"),
)
