"""What the assistant may know of tunes: those that a person bought, and whether one fits their vehicle."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from chat.assistant.wording import tokens
from chat.ports import Block, Fact, Pattern, PlainKnowledge, Question, Reply, Source, Tool, words
from garage.models import Vehicle
from marketplace.fitment import judge
from marketplace.models import Entitlement, Favourite, Purchase, Tune
from payments.amounts import money
from users.models import User

API: Final = "/api/v1/marketplace/"
ROWS: Final = 10
TUNES: Final = 3
SEARCHED: Final = 500
_VAGUE: Final = words(
    "tune tunes map stage for my the a does do will is fit fits work works compatible compatibility suit suits run on with "
    "bike motorcycle car vehicle this that it can i which what safe buy bought 1 2 3 one two of and to in"
)


def purchases(user: User) -> list[Fact]:
    """The newest first."""
    rows = Purchase.objects.visible_to(user).select_related("tune").order_by("-created_at", "-id")[:ROWS]
    return [
        Fact(
            f'Purchase of the tune "{row.tune.title}" on {_day(row.created_at)} for '
            f"{money(row.price_minor, row.currency)}: {row.get_status_display().lower()}.",
            Source("purchase", str(row.pk), row.tune.title, f"{API}purchases/{row.pk}/"),
        )
        for row in rows
    ]


def rights(user: User) -> list[Fact]:
    rows = Entitlement.objects.visible_to(user).select_related("tune").order_by("-granted_at", "-id")[:ROWS]
    return [
        Fact(
            f'Your right to the tune "{row.tune.title}" is {row.get_status_display().lower()}, with '
            f"{row.downloads_left} of {row.download_limit} downloads left.",
            Source("entitlement", str(row.pk), row.tune.title, f"{API}entitlements/{row.pk}/"),
        )
        for row in rows
    ]


def favourites(user: User) -> list[Fact]:
    rows = Favourite.objects.visible_to(user).select_related("tune").order_by("-created_at", "-id")[:ROWS]
    return [
        Fact(
            f'The tune "{row.tune.title}" is on your wishlist{f": {row.note}" if row.note else ""}.',
            Source("favourite", str(row.pk), row.tune.title, f"{API}favourites/{row.pk}/"),
        )
        for row in rows
    ]


def fits(user: User, tune: Tune) -> list[Fact]:
    """Whether this tune fits each of the person's vehicles, and why not."""
    rows = list(tune.fits.filter(deleted_at=None))
    found = []
    for vehicle in Vehicle.objects.visible_to(user).order_by("created_at")[:10]:
        fit = judge(vehicle, rows)
        verdict = {"fits": "fits", "unsure": "may fit", "no": "does not fit"}[fit.verdict]
        why = " ".join(reason.message for reason in fit.reasons)
        text = f'The tune "{tune.title}" {verdict} {vehicle}. {why}'.strip()
        found.append(Fact(text, Source("tune", str(tune.pk), tune.title, f"{API}tunes/{tune.pk}/")))
    return found


def named(question: Question) -> list[Tune]:
    """Tunes whose title the question names: owned ones first, then those on sale."""
    wanted = set(tokens(question.text)) - _VAGUE
    if not wanted:
        return []
    owned = (
        Entitlement.objects.visible_to(question.user)
        .exclude(status="revoked")
        .values_list("tune_id", flat=True)
    )
    rows = Tune.objects.visible_to(question.user).filter(deleted_at=None)
    for word in sorted(wanted, key=len, reverse=True)[:4]:
        if matching := rows.filter(title__icontains=word):
            rows = matching
    scored = [
        (len(wanted & set(tokens(tune.title))), tune.pk in set(owned), tune)
        for tune in rows.order_by("-score")[:SEARCHED]
    ]
    best = max((score for score, _, _ in scored), default=0)
    found = [(mine, tune) for score, mine, tune in scored if score == best and best > 0]
    return [tune for _, tune in sorted(found, key=lambda pair: not pair[0])][:TUNES]


def _day(at: Any) -> str:
    return f"{at.day} {at:%B %Y}"


def _said(found: Sequence[Fact]) -> Reply | None:
    sources = tuple(dict.fromkeys(fact.source for fact in found))
    return Reply("\n".join(fact.text for fact in found), sources) if found else None


def _bought(question: Question) -> Reply | None:
    return _said([*purchases(question.user)]) or Reply("You have bought no tune yet.")


def _downloads(question: Question) -> Reply | None:
    return _said(rights(question.user)) or Reply("You have no right to a tune yet.")


def _wishes(question: Question) -> Reply | None:
    return _said(favourites(question.user)) or Reply("Your wishlist is empty.")


def _fits(question: Question) -> Reply | None:
    """Without a name: the tunes that the person owns."""
    tunes = named(question)
    if not tunes:
        owned = Entitlement.objects.visible_to(question.user).exclude(status="revoked")
        tunes = [row.tune for row in owned.select_related("tune")[:TUNES]]
    if not tunes:
        return Reply("Which tune? Name it as it stands in the shop, and I compare it with your vehicles.")
    return _said([fact for tune in tunes for fact in fits(question.user, tune)]) or Reply(
        "There is no vehicle in your garage to compare it with."
    )


_TUNE: Final = words("tune tunes remap remaps map maps")
PATTERNS: Final = (
    Pattern(
        "purchases",
        (words("bought buy purchase purchases purchased own owned order orders ordered"),
         words("tune tunes map maps remap what did purchases purchase order orders bought list")),
        _bought,
        likes=words("my have which when much paid i show last"),
        unlike=words("vehicle vehicles bike bikes fit fits compatible wishlist"),
    ),
    Pattern(
        "downloads",
        (words("download downloads entitlement entitlements licence licences license licenses right rights"),),
        _downloads,
        likes=words("left many tune tunes remaining how my have again"),
        unlike=words("plate mean means"),
    ),
    Pattern("wishlist", (words("wishlist favourite favourites favorite favorites saved wish"),), _wishes, likes=words("my tune tunes what list on")),
    Pattern(
        "does a tune fit",
        (words("fit fits compatible compatibility suit suits work works match matches suitable right"), _TUNE | words("it stage bike motorcycle car vehicle")),
        _fits,
        likes=words("my bike motorcycle car does will this with for is vehicle 1 2 3"),
        unlike=words("mean means downloads"),
    ),
)  # fmt: skip


def _purchases(user: User, arguments: Mapping[str, Any]) -> Sequence[Fact]:
    return [*purchases(user), *rights(user)]


def _fit(user: User, arguments: Mapping[str, Any]) -> Sequence[Fact]:
    try:
        wanted = UUID(str(arguments.get("tune_id")))
    except ValueError:
        return []
    tune = Tune.objects.visible_to(user).filter(pk=wanted).first()
    return fits(user, tune) if tune is not None else []


class MarketKnowledge(PlainKnowledge):
    order = 40

    def blocks(self, user: User) -> Sequence[Block]:
        return [Block("purchases", [*purchases(user), *rights(user)]), Block("wishlist", favourites(user))]

    def patterns(self) -> Sequence[Pattern]:
        return PATTERNS

    def tools(self) -> Sequence[Tool]:
        return [
            Tool("get_purchases", "Tunes that this person bought, and downloads left.", _purchases),
            Tool(
                "check_compatibility",
                "Whether a tune fits the vehicles of this person.",
                _fit,
                {"type": "object", "properties": {"tune_id": {"type": "string"}}, "required": ["tune_id"]},
            ),
        ]
