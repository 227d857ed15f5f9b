"""Newest first, by cursor."""

from rest_framework.pagination import CursorPagination


class Newest(CursorPagination):
    page_size = 50
    ordering = "-created_at"


class NewestPublished(Newest):
    ordering = "-published_at"
