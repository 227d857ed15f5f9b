"""Routes of samples: ingestion and reads."""

from django.urls import URLPattern

storage_urls: list[URLPattern] = []
