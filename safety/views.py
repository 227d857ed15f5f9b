"""Analyse, read reports, acknowledge."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from core.parsers import StrictJSONParser
from core.rls import as_user
from core.views import GatewayView, ScopedMixin, caller_id
from marketplace.services.downloads import newest_published
from safety import services
from safety.engine import RULESET_VERSION, Report, rules_catalogue
from safety.errors import TablesWithheld
from safety.formats.base import LIMITS
from safety.models import SafetyReport
from safety.report import html, svg, text
from safety.selectors import shows_tables
from safety.serializers import AcknowledgeInput, AnalyzeInput, ReportSerializer, ReportSummarySerializer
from safety.services import Subject, own_upload, subject_of_file, subject_of_version

VIEWS = ("tune", "baseline", "diff")


class AnalyzeView(GatewayView):
    """The file is parsed in another process, so no transaction is open meanwhile."""

    parser_classes = (StrictJSONParser, MultiPartParser)
    throttle_scopes = ("analyze",)

    @extend_schema(request=AnalyzeInput, responses=ReportSerializer)
    def post(self, request: Request) -> Response:
        with as_user(request.user):
            form = AnalyzeInput(data=request.data, context={"request": request})
            form.is_valid(raise_exception=True)
            subject = self._subject(request, form.validated_data)
        report = services.analyse(
            user=request.user,  # type: ignore[arg-type]  # IsAuthenticated
            vehicle=form.validated_data["vehicle"],
            subject=subject,
            baseline=form.validated_data.get("baseline"),
        )
        return Response(ReportSerializer(report).data)

    def _subject(self, request: Request, given: dict[str, Any]) -> Subject:
        if "tune" in given:
            return subject_of_version(newest_published(given["tune"].pk))
        if "file_id" in given:
            return subject_of_file(own_upload(caller_id(request), given["file_id"]))
        upload = given["file"]
        return Subject(upload.read(LIMITS.record_bytes + 1), upload.name)


class ReportFilter(filters.FilterSet):
    vehicle_id = filters.UUIDFilter()
    tune_id = filters.UUIDFilter(field_name="tune_version__tune_id")
    verdict = filters.CharFilter()

    class Meta:
        model = SafetyReport
        fields = ["vehicle_id", "tune_id", "verdict"]


class ReportViewSet(
    ScopedMixin,
    mixins.RetrieveModelMixin,
    mixins.ListModelMixin,
    mixins.DestroyModelMixin,
    GenericViewSet[Any],
):
    """The caller's reports; written by the engine only."""

    model = SafetyReport
    lookup_value_converter = "uuid"
    serializer_class = ReportSummarySerializer
    filterset_class = ReportFilter
    ordering = "-created_at"
    ordering_fields = ("created_at", "score")

    def shape(self, rows: Any) -> Any:
        return rows.select_related("tune_version")

    def get_serializer_class(self) -> Any:
        return ReportSummarySerializer if self.action == "list" else ReportSerializer

    def perform_destroy(self, instance: SafetyReport) -> None:
        instance.tombstone()

    @extend_schema(request=AcknowledgeInput, responses=ReportSerializer)
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, pk: UUID) -> Response:
        form = AcknowledgeInput(data=request.data)
        form.is_valid(raise_exception=True)
        report = services.acknowledge(
            user=request.user,  # type: ignore[arg-type]  # IsAuthenticated
            report=self.get_object(),
            text=form.validated_data["acknowledgement"],
        )
        return Response(ReportSerializer(report).data)

    @extend_schema(responses={(200, "text/plain"): OpenApiTypes.STR})
    @action(detail=True, url_path="text")
    def text(self, request: Request, pk: UUID) -> HttpResponse:
        page = text.render(Report.from_stored(self.get_object().body))
        return HttpResponse(page, content_type="text/plain; charset=utf-8")

    @extend_schema(responses={(200, "text/html"): OpenApiTypes.STR})
    @action(detail=True, url_path="report.html")
    def page(self, request: Request, pk: UUID) -> HttpResponse:
        report = self.get_object()
        body = report.body if shows_tables(report, request.user) else {**report.body, "tables": {}}
        response = HttpResponse(
            html.render(Report.from_stored(body)), content_type="text/html; charset=utf-8"
        )
        response._csp_replace = {  # type: ignore[attr-defined]  # django-csp's way: own styles, nothing else
            "style-src": ["'unsafe-inline'"],
            "img-src": ["data:"],
        }
        return response

    @extend_schema(
        parameters=[OpenApiParameter("view", enum=VIEWS, default="tune")],
        responses={(200, "image/svg+xml"): OpenApiTypes.STR},
    )
    @action(detail=True, url_path=r"tables/(?P<role>[a-z0-9_.]{1,60})\.svg")
    def table(self, request: Request, pk: UUID, role: str) -> HttpResponse:
        report = self.get_object()
        if not shows_tables(report, request.user):
            raise TablesWithheld
        stored = Report.from_stored(report.body)
        view = request.query_params.get("view", "tune")
        if role not in stored.tables or view not in VIEWS:
            raise NotFound
        if view != "tune" and stored.tables[role].base is None:
            raise NotFound
        picture = svg.render(stored.tables[role], view, stored.findings)
        return HttpResponse(picture, content_type="image/svg+xml")


class RulesView(APIView):
    """Every rule with its limits and where they come from."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    def get(self, request: Request) -> Response:
        tag = f'"{RULESET_VERSION}"'
        if request.headers.get("If-None-Match") == tag:
            return Response(status=304, headers={"ETag": tag})
        rules = {"ruleset_version": RULESET_VERSION, "rules": rules_catalogue()}
        return Response(rules, headers={"ETag": tag, "Cache-Control": "public, max-age=3600"})
