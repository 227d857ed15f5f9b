"""Routes of samples: ingestion and reads."""

from django.urls import path

from telematics.views.batches import BatchesView, BatchView
from telematics.views.export import ExportView
from telematics.views.reads import LatestView, RetentionView, SamplesView, SeriesView

storage_urls = [
    path("<uuid:vehicle_id>/", BatchView.as_view()),
    path("batches/", BatchesView.as_view()),
    path("<uuid:vehicle_id>/latest/", LatestView.as_view()),
    path("<uuid:vehicle_id>/samples/", SamplesView.as_view()),
    path("<uuid:vehicle_id>/series/", SeriesView.as_view()),
    path("<uuid:vehicle_id>/export/", ExportView.as_view()),
    path("<uuid:vehicle_id>/retention/", RetentionView.as_view()),
]
