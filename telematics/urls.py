"""Routes of telematics: the store's, those of what is derived from it, and the doors of devices."""

from django.urls import include, path

from telematics.facts_urls import door_urls, facts_urls
from telematics.storage_urls import storage_urls

# Behind one prefix: who asks for something else passes by with one comparison.
urlpatterns = [
    path("telematics/", include([*storage_urls, *facts_urls])),
    path("ingest/", include(door_urls)),
]
