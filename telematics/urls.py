"""Routes of telematics: the store's, and those of what is derived from it."""

from telematics.facts_urls import facts_urls
from telematics.storage_urls import storage_urls

urlpatterns = [*storage_urls, *facts_urls]
