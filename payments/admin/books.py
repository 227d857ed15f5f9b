"""The books and the invoices: to read."""

from django.contrib import admin
from unfold.decorators import display

from payments.admin.base import FactsInline, ReadOnlyAdmin
from payments.amounts import money
from payments.models import (
    Invoice,
    JournalEntry,
    LedgerAccount,
    Posting,
)


@admin.register(Invoice)
class InvoiceAdmin(ReadOnlyAdmin):
    list_display = ("reference", "buyer", "total", "issued_at", "payment")
    list_filter = ("year", "currency")
    list_select_related = ("payment",)
    search_fields = ("number", "buyer", "payment__description")

    @display(description="Total", ordering="total_minor")
    def total(self, row: Invoice) -> str:
        return money(row.total_minor, row.currency)


@admin.register(LedgerAccount)
class LedgerAccountAdmin(ReadOnlyAdmin):
    list_display = ("code", "kind", "created_at")
    list_filter = ("kind",)
    search_fields = ("code",)


class PostingInline(FactsInline):
    model = Posting
    fields = ("account", "amount")
    readonly_fields = fields


@admin.register(JournalEntry)
class JournalEntryAdmin(ReadOnlyAdmin):
    list_display = ("kind", "description", "source", "at")
    list_filter = ("kind", "at")
    search_fields = ("source", "description")
    inlines = (PostingInline,)
