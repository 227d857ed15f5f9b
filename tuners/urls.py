from django.urls import path

from tuners import views

urlpatterns = [
    path("tuners/", views.TunerViewSet.as_view({"get": "list"})),
    path("tuners/applications/", views.ApplicationViewSet.as_view({"get": "list", "post": "create"})),
    path("tuners/applications/<uuid:pk>/", views.ApplicationViewSet.as_view({"get": "retrieve"})),
    path("tuners/applications/<uuid:pk>/withdraw/", views.ApplicationViewSet.as_view({"post": "withdraw"})),
    path("tuners/me/", views.OwnProfileView.as_view()),
    path("tuners/<uuid:pk>/", views.TunerViewSet.as_view({"get": "retrieve"})),
    path(
        "tuners/<uuid:tuner_id>/reviews/", views.TunerReviewsView.as_view({"get": "list", "post": "create"})
    ),
    path("tuners/<uuid:tuner_id>/reviews/<uuid:review_id>/reply/", views.ReplyView.as_view()),
]
