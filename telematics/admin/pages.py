"""The health pages in the admin: their routes, and their link in the sidebar."""

from core.staff import StaffPage, staff_pages
from telematics.admin.health import HealthListView, HealthView, allows

staff_pages.register(
    "vehicle_health",
    StaffPage(
        title="Vehicle health",
        group="Telematics",
        urls=[
            ("vehicle-health/", HealthListView.as_view(), "telematics_health_list"),
            ("vehicle-health/<uuid:vehicle_id>/", HealthView.as_view(), "telematics_health"),
        ],
        allows=allows,
    ),
)
