from typing import Any

from django.urls import path

from appointments.views import booking, catalogue, extras, staff

LIST: dict[str, Any] = {"get": "list"}
DETAIL: dict[str, Any] = {"get": "retrieve"}

urlpatterns = [
    path("shop-info/", catalogue.ShopInfoView.as_view()),
    path("shop-locations/", catalogue.LocationsView.as_view()),
    path("service-categories/", catalogue.CategoriesView.as_view()),
    path("services/", catalogue.ServicesView.as_view()),
    path("service-pricing/by-vehicle/", catalogue.PricingView.as_view()),
    path("offers/", extras.OffersView.as_view(LIST)),
    path("appointments/availability/", booking.AvailabilityView.as_view()),
    path("appointments/book/", booking.BookView.as_view()),
    path("appointments/", booking.AppointmentsView.as_view()),
    path("appointments/upcoming/", booking.UpcomingView.as_view(LIST)),
    path("appointments/waitlist/", extras.WaitlistView.as_view(LIST | {"post": "create"})),
    path("appointments/waitlist/<uuid:pk>/", extras.WaitlistView.as_view(DETAIL | {"delete": "destroy"})),
    path("appointments/calendar-feed/", extras.FeedTokenView.as_view()),
    path("appointments/calendar.ics", extras.FeedView.as_view(), name="appointments-feed"),
    path("appointments/<uuid:pk>/", booking.AppointmentViewSet.as_view(DETAIL)),
    path("appointments/<uuid:pk>/cancel/", booking.CancelView.as_view()),
    path("appointments/<uuid:pk>/reschedule/", booking.RescheduleView.as_view()),
    path("appointments/<uuid:pk>/calendar.ics", extras.FileView.as_view()),
    path("bookings/", booking.GuestBookingsView.as_view()),
    path("bookings/<uuid:pk>/", booking.GuestBookingView.as_view()),
    path("bookings/<uuid:pk>/cancel/", booking.GuestCancelView.as_view()),
    path("staff/bookings/", staff.BookingsView.as_view()),
    path("staff/bookings/stats/", staff.StatsView.as_view()),
    path("staff/bookings/<uuid:pk>/", staff.BookingView.as_view()),
    path("staff/bookings/<uuid:pk>/update-status/", staff.UpdateStatusView.as_view()),
    path("staff/bookings/<uuid:pk>/reassign/", staff.ReassignView.as_view()),
    path("staff/bookings/<uuid:pk>/reschedule/", staff.MoveView.as_view()),
]
