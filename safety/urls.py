from django.urls import URLPattern, URLResolver, include, path
from rest_framework.routers import DefaultRouter

from safety import views

router = DefaultRouter(use_regex_path=True)
router.include_root_view = False
router.register("safety/reports", views.ReportViewSet, basename="safety-report")

urlpatterns: list[URLPattern | URLResolver] = [
    path("safety/analyze/", views.AnalyzeView.as_view()),
    path("safety/rules/", views.RulesView.as_view()),
    # Documents are named like files: no slash at their end.
    path("safety/reports/<uuid:pk>/report.html", views.ReportViewSet.as_view({"get": "page"})),
    path("safety/reports/<uuid:pk>/report.pdf", views.ReportViewSet.as_view({"get": "paper"})),
    path("safety/reports/<uuid:pk>/tables/<str:role>.svg", views.ReportViewSet.as_view({"get": "table"})),
    path("", include(router.urls)),
]
