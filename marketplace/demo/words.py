"""Who sells on the demo shelf, and in which words. All names are made up."""

from typing import Final

from marketplace.models import Stage

# Business, city, latitude, longitude, specialities, what they tune.
TUNERS: Final = (
    ("Deccan Dyno", "Pune", 18.52, 73.86, ["dyno", "remap"], {"motorcycle"}),
    ("Monsoon Mapping", "Mumbai", 19.08, 72.88, ["remap", "touring"], {"motorcycle", "scooter"}),
    ("Garden City Fuel", "Bengaluru", 12.97, 77.59, ["fuel_injection", "dyno"], {"motorcycle"}),
    ("Coromandel Racing", "Chennai", 13.08, 80.27, ["race", "dyno"], {"motorcycle"}),
    ("Aravalli Diesel", "Jaipur", 26.91, 75.79, ["remap", "diagnostics"], {"car"}),
    ("Yamuna Performance", "Delhi", 28.61, 77.21, ["turbo", "remap"], {"car"}),
    ("Hill Station Tuning", "Dehradun", 30.32, 78.03, ["touring", "fuel_injection"], {"motorcycle"}),
    ("Konkan Two-Stroke", "Kolhapur", 16.70, 74.24, ["two_stroke", "carburettor"], {"motorcycle", "scooter"}),
    ("Nilgiri ECU", "Coimbatore", 11.02, 76.96, ["standalone_ecu", "remap"], {"motorcycle", "car"}),
    ("Charminar Boost", "Hyderabad", 17.39, 78.49, ["turbo", "e85"], {"car"}),
    ("Isar Motorwerk", "Munich", 48.14, 11.58, ["remap", "dyno"], {"car", "motorcycle"}),
    ("Via Emilia Corse", "Bologna", 44.49, 11.34, ["race", "fuel_injection"], {"motorcycle"}),
    ("Trent Valley Maps", "Nottingham", 52.95, -1.15, ["touring", "remap"], {"motorcycle"}),
    ("Shonan Street Lab", "Yokohama", 35.44, 139.64, ["standalone_ecu", "race"], {"motorcycle", "car"}),
)

# Title (with {model}), summary, needs; gain in per cent of the stock power; price in rupees.
STAGES: Final = {
    Stage.ECO: (
        ("{model} commuter", "{model} long range"),
        "Leaner cruise, softer throttle: more kilometres from a tank.",
        "",
        (-2, 0),
        (600, 1800),
    ),
    Stage.STAGE_1: (
        ("{model} street", "{model} smooth", "{model} daily plus"),
        "Smooth from idle, no flat spot in the middle, stock hardware.",
        "Stock exhaust and air filter.",
        (3, 7),
        (1500, 6500),
    ),
    Stage.STAGE_2: (
        ("{model} slip-on", "{model} full system"),
        "For a free-flowing exhaust and filter; ignition and fuel redone on the dyno.",
        "Free-flowing exhaust, high-flow filter.",
        (7, 13),
        (3500, 12000),
    ),
    Stage.STAGE_3: (
        ("{model} big bore", "{model} cams and throttle bodies"),
        "For built engines: tell us your parts before you buy.",
        "Big-bore kit or cams, larger injectors, wideband sensor.",
        (14, 25),
        (9000, 28000),
    ),
    Stage.RACE: (
        ("{model} track", "{model} quarter mile"),
        "Closed circuits only: raised limiter, quick shifter, no catalyst.",
        "Race fuel, free exhaust, quick shifter.",
        (10, 18),
        (6000, 22000),
    ),
    Stage.BASE: (
        ("{model} base map",),
        "A safe start for your own tuning.",
        "Standalone ECU.",
        (0, 0),
        (0, 0),
    ),
}
WEIGHTS: Final = {
    Stage.ECO: 12,
    Stage.STAGE_1: 40,
    Stage.STAGE_2: 25,
    Stage.STAGE_3: 7,
    Stage.RACE: 8,
    Stage.BASE: 8,
}

REVIEWS: Final = (
    (5, "Pulls cleanly from 3,000 now. Should have done it years ago."),
    (5, "Flashed in ten minutes, no surprises, fuel use even dropped a little."),
    (5, "Answered all my questions and sent a revised map within a day."),
    (4, "Good midrange. Cold start needs one more try sometimes."),
    (4, "As described. The top end is where it shines."),
    (4, "Happy with it, though a bit warm in city traffic."),
    (3, "Fine, but I expected more for the price."),
    (3, "Runs well, idle hunts a little on my bike."),
    (2, "Not for my exhaust, it seems. Support was kind."),
)
RIDERS: Final = (
    "Asha", "Ben", "Chitra", "Dev", "Elena", "Farid", "Gita", "Hugo", "Ishan", "Jaya", "Karl", "Leela", "Manu", "Nora",
    "Omar", "Priya", "Ravi", "Sofia", "Tejas", "Uma", "Vikram", "Wei", "Yash", "Zoya",
)  # fmt: skip
