from typing import Any

from django.urls import path

from marketplace.views import browse, buying, opinions, tunes

LIST: dict[str, Any] = {"get": "list"}
DETAIL: dict[str, Any] = {"get": "retrieve"}
EDIT: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}

urlpatterns = [
    path("marketplace/tunes/", browse.TunesView.as_view()),
    path("marketplace/suggestions/", browse.SuggestionsView.as_view()),
    path("marketplace/tunes/<uuid:pk>/", tunes.TuneView.as_view()),
    path("marketplace/tunes/<uuid:pk>/versions/", tunes.VersionsView.as_view()),
    path("marketplace/tunes/<uuid:pk>/publish/", tunes.PublishView.as_view()),
    path("marketplace/tunes/<uuid:pk>/retire/", tunes.RetireView.as_view()),
    path("marketplace/tunes/<uuid:pk>/compatibility/", tunes.CompatibilityView.as_view()),
    path("marketplace/tunes/<uuid:pk>/reviews/", opinions.ReviewsView.as_view(LIST | {"post": "create"})),
    path("marketplace/tunes/<uuid:pk>/reviews/<uuid:review_id>/reply/", opinions.ReplyView.as_view()),
    path("tuners/me/tunes/", opinions.BenchView.as_view(LIST)),
    path("marketplace/purchase/", buying.PurchaseView.as_view()),
    path("marketplace/purchases/", buying.PurchasesView.as_view()),
    path("marketplace/purchases/<uuid:pk>/", buying.PurchaseViewSet.as_view(DETAIL)),
    path("marketplace/purchases/<uuid:pk>/download/", buying.DownloadView.as_view()),
    path("marketplace/entitlements/", buying.EntitlementViewSet.as_view(LIST)),
    path("marketplace/entitlements/<uuid:pk>/", buying.EntitlementViewSet.as_view(DETAIL)),
    path("marketplace/favourites/", buying.FavouriteViewSet.as_view({"get": "list", "post": "create"})),
    path("marketplace/favourites/<uuid:pk>/", buying.FavouriteViewSet.as_view(EDIT)),
]

aliases = [
    path("marketplace/tunes/<uuid:pk>/download/", buying.TuneDownloadView.as_view()),
]
