"""Words of the trade, explained in ours. Names are folded; several names may share one text."""

from typing import Final, NamedTuple

from chat.assistant.wording import tokens

TEXTS: Final[dict[tuple[str, ...], str]] = {
    ("abs",): "ABS keeps a braked wheel from locking by letting go of the brake for moments. Its light means that it is off, not that the brakes are.",
    ("afr", "air fuel ratio"): "AFR is the mass of air for one part of fuel. About 14.7 burns petrol completely; lower is rich, higher is lean.",
    ("lambda",): "Lambda is the air-fuel ratio divided by the one that burns completely: 1.00 is exact, below is rich, above is lean, for every fuel.",
    ("ve", "ve table", "volumetric efficiency"): "The VE table says how well the cylinders fill at each speed and load, in percent. The ECU computes the fuel from it.",
    ("ecu", "engine control unit", "ecm"): "The ECU is the computer that decides on fuel, spark and limits from what its sensors say.",
    ("obd", "obd2", "obdii"): "OBD-II is the plug and the language through which a vehicle tells trouble codes and live values.",
    ("dtc", "trouble code", "fault code"): "A trouble code is what the vehicle noted when something was not as expected. It names the circuit or system, not the part to buy.",
    ("mil", "check engine light", "engine light"): "The check-engine light means that a trouble code is stored. Steady: have it read soon. Flashing: the engine misfires; slow down and stop.",
    ("freeze frame",): "A freeze frame is the set of sensor values that was stored at the moment a trouble code was set.",
    ("knock", "detonation", "pinging"): "Knock is fuel that burns by itself before the flame reaches it. It hammers on the pistons; less spark advance, better fuel or a richer mixture stop it.",
    ("ignition timing", "spark advance", "advance", "timing"): "Ignition timing says how many degrees before top dead centre the spark comes. More gives power up to a point, then knock.",
    ("rev limiter", "redline", "rev limit"): "The rev limiter cuts fuel or spark at a speed that the engine should not pass; the redline marks it.",
    ("fuel trim", "trim", "stft", "ltft"): "Fuel trim is how much the ECU corrects the fuel to reach its target. Short trims react at once, long trims are learnt. Above 10 % something is off.",
    ("map", "map sensor", "manifold pressure"): "MAP is the pressure in the intake manifold in kPa; the ECU reads the load from it. A map is also what tuners call a table or a whole tune.",
    ("maf", "mass air flow"): "A MAF sensor measures the air that the engine takes in, in grams a second.",
    ("tps", "throttle position"): "The throttle position sensor tells how far the throttle is open, in percent.",
    ("boost", "boost pressure"): "Boost is pressure above that of the surrounding air, made by a turbo or compressor.",
    ("wastegate",): "A wastegate lets exhaust gas pass the turbine, and so limits the boost.",
    ("compression ratio", "compression"): "The compression ratio is the cylinder's volume at the bottom of the stroke divided by that at the top. A higher one gives efficiency and asks for better fuel.",
    ("displacement",): "Displacement is the volume that all pistons sweep, in cubic centimetres.",
    ("torque",): "Torque is turning force, in newton metres. Power is torque times speed. For bolts it says how tight: use the figure of your manual.",
    ("dyno", "dynamometer"): "A dyno measures torque at the wheel or crank over the engine's speed, so that a change can be compared under the same load.",
    ("stage 1", "stage1"): "Stage 1 is a tune for a standard engine, at most with filter and exhaust.",
    ("stage 2", "stage2"): "Stage 2 is a tune that needs further parts, such as a full exhaust or intake; its description says which.",
    ("checksum",): "A checksum is a number over a file or an ECU image. When it does not match, something was changed or damaged.",
    ("calibration", "calibration id", "cal id"): "A calibration is the data an ECU runs with; its id tells which one is in there, so that a tune for another is not written.",
    ("flash", "flashing", "reflash"): "Flashing writes a file into the ECU's memory. It needs a stable battery, the right ECU and a backup that can be written back.",
    ("backup", "ecu backup"): "An ECU backup is what was read from the ECU before a change. With a verified one you can go back.",
    ("tune", "remap"): "A tune is a changed calibration: other tables for fuel, spark and limits, written into the ECU.",
    ("lean",): "Lean means more air than the fuel needs. Under load it gets hot and can melt pistons.",
    ("rich",): "Rich means more fuel than the air can burn. It cools, costs fuel and fouls plugs.",
    ("misfire",): "A misfire is a cylinder that did not burn its charge: spark, fuel, compression or a wire.",
    ("lambda sensor", "o2 sensor", "oxygen sensor"): "The oxygen sensor in the exhaust tells whether the engine runs rich or lean. A wideband one tells how much.",
    ("catalyst", "catalytic converter", "cat"): "The catalytic converter burns what the engine left over. Misfires and oil destroy it.",
    ("egr",): "EGR leads some exhaust back into the intake, to lower temperature and nitrogen oxides.",
    ("dpf", "particulate filter"): "The particulate filter collects the soot of a diesel and burns it off now and then on longer drives.",
    ("valve clearance", "valve lash"): "Valve clearance is the gap between cam and valve when it is closed. Too small and valves burn; it is checked cold, at the intervals of your manual.",
    ("cam chain", "timing chain", "timing belt"): "The timing chain or belt turns the camshaft with the crank. When it jumps or breaks, valves and pistons may meet.",
    ("brake fluid",): "Brake fluid draws water from the air, and then boils earlier. It is changed about every two years whatever the distance.",
    ("coolant", "antifreeze"): "Coolant carries heat away, does not freeze and keeps rust off. It is changed by age; never open a hot system.",
    ("chain slack", "chain tension"): "Chain slack is how far the lower run moves up and down in the middle. Too tight breaks bearings, too loose jumps; the swingarm sticker has the figure.",
    ("tyre pressure", "tire pressure"): "Tyre pressure is set cold, to the figure on the swingarm or door frame; more with a passenger and luggage.",
    ("odometer",): "The odometer counts the distance driven in all. RevSync keeps it in kilometres.",
    ("vin",): "The VIN is the 17-sign number of one vehicle: maker, model, year and serial number stand in it.",
    ("dongle",): "A dongle plugs into the diagnostic socket and sends what the vehicle says to your phone or to RevSync.",
    ("entitlement", "licence", "license"): "An entitlement is your right to download and flash a tune that you bought, in all its published versions.",
    ("safety report",): "A safety report says what RevSync's rules found in one tune for one vehicle: a verdict, a risk score from 0 to 100, and findings. It never calls a tune safe.",
    ("score", "risk score"): "The score of a safety report is the risk found, from 0 (nothing) to 100. The verdict comes from the worst finding, not from the score.",
    ("can", "can bus"): "CAN is the pair of wires over which the control units of a vehicle talk to each other.",
    ("quickshifter",): "A quickshifter cuts the spark for a moment while you shift up, so that no clutch is needed.",
    ("slipper clutch",): "A slipper clutch lets the rear wheel turn faster than the engine for a moment, so that a hard downshift does not lock it.",
    ("injector",): "An injector is a valve that sprays fuel; how much it passes is given in cubic centimetres a minute.",
    ("idle",): "Idle is the speed of an engine that is left alone, mostly 700 to 1,500 rpm.",
}  # fmt: skip
_BY_NAME: Final = {tuple(tokens(name)): (names[0], text) for names, text in TEXTS.items() for name in names}
_LONGEST: Final = max(map(len, _BY_NAME))
WORDS: Final = frozenset(word for name in _BY_NAME for word in name)


class Term(NamedTuple):
    """length: in words, as it was said."""

    name: str
    text: str
    length: int


def explained(words: list[str]) -> Term | None:
    """The longest term among these words, the first of several."""
    for length in range(_LONGEST, 0, -1):
        for start in range(len(words) - length + 1):
            if found := _BY_NAME.get(tuple(words[start : start + length])):
                return Term(*found, length)
    return None
