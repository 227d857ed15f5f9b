"""Routes of telematics: the store's, and those of what is derived from it."""

from django.urls import include, path

from telematics.storage_urls import storage_urls

# Behind one prefix: who asks for something else passes by with one comparison.
urlpatterns = [path("telematics/", include([*storage_urls]))]
