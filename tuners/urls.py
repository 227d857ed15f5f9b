from typing import Any

from django.urls import path

from tuners.views import money, profiles

LIST: dict[str, Any] = {"get": "list"}

urlpatterns = [
    path("tuners/", profiles.TunerViewSet.as_view(LIST)),
    path("tuners/applications/", profiles.ApplicationViewSet.as_view({"get": "list", "post": "create"})),
    path("tuners/applications/<uuid:pk>/", profiles.ApplicationViewSet.as_view({"get": "retrieve"})),
    path(
        "tuners/applications/<uuid:pk>/withdraw/", profiles.ApplicationViewSet.as_view({"post": "withdraw"})
    ),
    path("tuners/me/", profiles.OwnProfileView.as_view()),
    path("tuners/me/balance/", money.BalanceView.as_view()),
    path("tuners/me/earnings/", money.EarningsView.as_view(LIST)),
    path("tuners/me/payouts/", money.PayoutsView.as_view(LIST)),
    path("tuners/me/payout-account/", money.PayoutAccountView.as_view()),
    path("tuners/<uuid:pk>/", profiles.TunerViewSet.as_view({"get": "retrieve"})),
    path(
        "tuners/<uuid:tuner_id>/reviews/",
        profiles.TunerReviewsView.as_view({"get": "list", "post": "create"}),
    ),
    path("tuners/<uuid:tuner_id>/reviews/<uuid:review_id>/reply/", profiles.ReplyView.as_view()),
]
