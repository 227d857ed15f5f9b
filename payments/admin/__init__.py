"""Staff pages of payments."""

from payments.admin import books, gateways, payments

__all__ = ["books", "gateways", "payments"]
