"""The books: splits that lose nothing, entries that sum to zero, balances, statements, invoice numbers.

Accounts by code, debit positive: `gateway:<name>` and `cash:desk` (where money is), `customer_funds` (received,
not yet earned: late, doubled or doubtful money waits here), `payee:<user id>` (earned by a tuner),
`rewards:<user id>`, `income:<kind>`, `payouts:<gateway>` (on its way to payees), `expense:<what>`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from core.rls import as_system
from payments.models import AccountKind, JournalEntry, LedgerAccount, Posting

KINDS = {
    "gateway": AccountKind.ASSET,
    "cash": AccountKind.ASSET,
    "customer_funds": AccountKind.LIABILITY,
    "payee": AccountKind.LIABILITY,
    "rewards": AccountKind.LIABILITY,
    "payouts": AccountKind.LIABILITY,
    "income": AccountKind.INCOME,
    "expense": AccountKind.EXPENSE,
}
OWNED = {"payee", "rewards"}
CUSTOMER_FUNDS = "customer_funds"
WHOLE = 10_000  # basis points


def split(amount_minor: int, weights: Sequence[int]) -> list[int]:
    """Divide by weights without losing a unit: largest remainder, ties to the earlier part.

    Weights are integers >= 0 with a positive sum (else ValueError); a negative amount splits as its mirror image.
    """
    total = sum(weights)
    if total <= 0 or min(weights) < 0:
        raise ValueError("Weights must not be negative, and one must be positive.")
    sign, size = (-1, -amount_minor) if amount_minor < 0 else (1, amount_minor)
    parts = [size * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(size * weights[i] % total), i))
    for i in by_remainder[: size - sum(parts)]:
        parts[i] += 1
    return [sign * part for part in parts]


def book(
    *, source: object, kind: str, currency: str, lines: Iterable[tuple[str, int]], description: str = ""
) -> JournalEntry | None:
    """Write one entry of (account code, amount) lines; None when (source, kind) was booked before.

    Call it in the transaction of the fact. Zero lines are left out; the database refuses, at commit, lines that
    don't sum to zero.
    """
    with as_system("the books are kept by the till alone"):
        if booked(source, kind):
            return None
        entry = JournalEntry(source=str(source)[:80], kind=kind, description=description[:200])
        entry.save(force_insert=True)
        Posting.objects.bulk_create(
            Posting(entry=entry, account_id=account(code), amount_minor=amount, currency=currency)
            for code, amount in lines
            if amount
        )
        return entry


def booked(source: object, kind: str) -> bool:
    return JournalEntry.objects.filter(source=str(source)[:80], kind=kind).exists()


def account(code: str) -> UUID:
    """The id of an account, opened when first used."""
    found = LedgerAccount.objects.filter(code=code).values_list("id", flat=True).first()
    if found:
        return found
    family, _, owner = code.partition(":")
    row = LedgerAccount(code=code, kind=KINDS[family], owner_id=UUID(owner) if family in OWNED else None)
    LedgerAccount.objects.bulk_create([row], ignore_conflicts=True)  # another payment may open it just now
    return LedgerAccount.objects.values_list("id", flat=True).get(code=code)


def balance(code: str, currency: str, *, until: datetime | None = None) -> int:
    """Debit minus credit of an account, minor units; what we owe a payee is the negative of it."""
    rows = Posting.objects.filter(account__code=code, currency=currency)
    if until:
        rows = rows.filter(entry__at__lte=until)
    return int(rows.aggregate(sum=Coalesce(Sum("amount_minor"), 0))["sum"])


@dataclass(frozen=True, slots=True)
class TrialLine:
    account: str
    kind: str
    currency: str
    debit_minor: int
    credit_minor: int
    balance_minor: int


def trial_balance() -> list[TrialLine]:
    """Each account and currency; per currency the balances sum to zero."""
    rows = (
        Posting.objects.values("account__code", "account__kind", "currency")
        .annotate(
            debit=Coalesce(Sum("amount_minor", filter=Q(amount_minor__gt=0)), 0),
            credit=Coalesce(Sum("amount_minor", filter=Q(amount_minor__lt=0)), 0),
        )
        .order_by("currency", "account__code")
    )
    return [
        TrialLine(
            row["account__code"],
            row["account__kind"],
            row["currency"],
            int(row["debit"]),
            -int(row["credit"]),
            int(row["debit"] + row["credit"]),
        )
        for row in rows
    ]


def statement(owner_id: UUID) -> QuerySet[Posting]:
    """The lines of a person's own accounts, newest first, with their entries; from their side the sign turns:
    a credit (negative) is what we owe them more.
    """
    return (
        Posting.objects.filter(account__owner_id=owner_id)
        .select_related("entry", "account")
        .order_by("-entry__at", "-id")
    )
