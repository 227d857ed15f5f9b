"""Staff pages of chat: the inbox, and the plain lists behind it."""

from chat.admin import lists, pages, reports

__all__ = ["lists", "pages", "reports"]
