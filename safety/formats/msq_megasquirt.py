"""MegaSquirt 2 (Extra) and 3: the tables and the few settings whose names stayed the same over the years."""

from __future__ import annotations

from typing import Final

from safety.formats.msq_family import Family, ScalarSpec, TableSpec

MEGASQUIRT: Final = Family(
    key="megasquirt",
    marks=(
        ("veTable1", "frpm_table1", "fmap_table1", "reqFuel", "nCylinders"),
        ("advanceTable1", "srpm_table1", "smap_table1", "reqFuel", "nCylinders"),
    ),
    tables=(
        TableSpec("ve", "veTable1", ("frpm_table1",), ("fmap_table1",)),
        TableSpec("ignition", "advanceTable1", ("srpm_table1",), ("smap_table1",)),
        TableSpec("target_lambda", "afrTable1", ("arpm_table1",), ("amap_table1",)),
    ),
    scalars=(
        ScalarSpec("rev_limit", ("RevLimNormal2",), units="rpm"),
        ScalarSpec("cylinders", ("nCylinders",)),
        ScalarSpec("stroke", ("twoStroke",), kind="word"),
        ScalarSpec("stoich", ("stoich",), units=":1"),
        ScalarSpec("required_fuel", ("reqFuel",), units="ms"),
        ScalarSpec("squirts_divider", ("divider",)),
        ScalarSpec("alternate", ("alternate",), kind="word"),
        ScalarSpec("boost_limit", ("OverBoostKpa",), units="kPa"),
        ScalarSpec("load_source", ("algorithm",), kind="word"),
    ),
    default_stoich=14.7,
    load_word=("algorithm",),
)
