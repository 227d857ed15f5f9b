"""Fixed cautions: on what can hurt people, break the law or an engine, code has the last word, not a model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from chat.assistant.wording import stem, tokens


@dataclass(frozen=True, slots=True)
class Caution:
    """`code` is for programs and never changes. A topic is met by one of `words`, or by all words of a phrase."""

    code: str
    text: str
    words: frozenset[str]
    phrases: tuple[frozenset[str], ...] = ()


def _stems(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in text.split())


CAUTIONS: Final = (
    Caution(
        "brakes",
        "Brakes keep you alive: have any work on them checked by a qualified mechanic before you ride or drive.",
        _stems("brake brakes braking abs caliper callipers calipers rotor rotors handbrake"),
        (_stems("disc pad"), _stems("fluid dot"), _stems("master cylinder")),
    ),
    Caution(
        "steering",
        "Steering, suspension and wheels must be checked by a qualified mechanic: a fault there cannot be ridden around.",
        _stems("steering handlebar handlebars headset fork forks swingarm tierod steer"),
        (_stems("ball joint"), _stems("wheel bearing"), _stems("tie rod")),
    ),
    Caution(
        "airbags",
        "Airbags and belt tensioners are explosive devices: leave them to a workshop that is trained for them.",
        _stems("airbag airbags srs pretensioner pretensioners"),
        (_stems("air bag"), _stems("belt tensioner"), _stems("clock spring")),
    ),
    Caution(
        "emissions",
        "Removing or switching off emission controls is illegal on public roads in most countries and can void the "
        "approval and insurance of the vehicle.",
        _stems("emission emissions catalyst catalytic catless decat egr dpf adblue evap smog"),
        (
            _stems("cat delete"),
            _stems("cat remove"),
            _stems("exhaust delete"),
            _stems("o2 sensor"),
            _stems("pop bang"),
        ),
    ),
    Caution(
        "engine",
        "Changes to fuel, spark, boost or limits can destroy an engine within seconds: keep a readable backup, log the "
        "first runs, and ask somebody who knows this engine.",
        _stems(
            "remap remapping flash flashing flashed boost knock detonation advance lean limiter overrev nitrous wastegate"
        ),
        (
            _stems("rev limit"),
            _stems("rev limiter"),
            _stems("ignition map"),
            _stems("fuel map"),
            _stems("compression raise"),
        ),
    ),
)


def cautions_for(*texts: str) -> Sequence[Caution]:
    """The cautions that question and answer together call for, in fixed order."""
    said = frozenset(stem(word) for text in texts for word in tokens(text))
    return [
        caution
        for caution in CAUTIONS
        if caution.words & said or any(phrase <= said for phrase in caution.phrases)
    ]


def told(cautions: Sequence[Caution]) -> str:
    """How they stand at the end of an answer."""
    return "".join(f"\n\nCaution: {caution.text}" for caution in cautions)
