"""Every route: one prefix, one version; the apps bring their own."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

import appointments.urls
import chat.assistant.urls
import chat.urls
import core.files.urls
import garage.urls
import marketplace.urls
import memberships.urls
import payments.urls
import safety.urls
import sync.urls
import telematics.urls
import tuners.urls
import users.mfa_urls
import users.urls
from core import health
from core.routes import Routes

api: list[URLPattern | URLResolver] = [
    *telematics.urls.urlpatterns,
    *garage.urls.urlpatterns,
    *sync.urls.urlpatterns,
    *marketplace.urls.urlpatterns,
    *core.files.urls.urlpatterns,
    *users.urls.urlpatterns,
    *users.urls.aliases,
    *garage.urls.aliases,
    *payments.urls.urlpatterns,
    *payments.urls.aliases,
    *tuners.urls.urlpatterns,
    *memberships.urls.urlpatterns,
    *chat.assistant.urls.urlpatterns,
    *marketplace.urls.aliases,
    *appointments.urls.urlpatterns,
    *safety.urls.urlpatterns,
    *chat.urls.urlpatterns,
]

urlpatterns = [
    Routes("api/v1/", api),
    path("", RedirectView.as_view(url="/api/docs/")),
    path(settings.ADMIN_PATH, admin.site.urls),
    *users.mfa_urls.urlpatterns,
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("favicon.ico", RedirectView.as_view(url=f"{settings.STATIC_URL}favicon.svg")),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
]

handler400 = "core.handler.bad_request"
handler403 = "core.handler.permission_denied"
handler404 = "core.handler.page_not_found"
handler500 = "core.handler.server_error"
