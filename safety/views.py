"""Analyse, read reports, acknowledge."""

import secrets
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from core.errors import PayloadTooLarge
from core.files.names import clean_filename
from core.models import StoredFile
from core.parsers import StrictJSONParser
from core.rls import as_user
from core.views import GatewayView, ScopedMixin, caller_id
from marketplace.models import TuneVersion
from marketplace.services.downloads import newest_published
from safety import services
from safety.engine import RULESET_VERSION, Report, rules_catalogue
from safety.errors import ReportNotReady, TablesWithheld
from safety.formats.base import LIMITS
from safety.models import ReportState, SafetyReport
from safety.report import html, pdf, svg, text
from safety.report.heat import VIEWS
from safety.selectors import shown_body, shows_tables, worded
from safety.serializers import AcknowledgeInput, AnalyzeInput, ReportSerializer, ReportSummarySerializer
from safety.services import Subject, own_upload, read_subject
from sync.views import SinceMixin
from users.authentication import person


class AnalyzeView(GatewayView):
    """The file is parsed in another process, so no transaction is open meanwhile."""

    parser_classes = (StrictJSONParser, MultiPartParser)
    throttle_scopes = ("analyze",)

    @extend_schema(
        request=AnalyzeInput,
        responses={
            200: ReportSerializer,
            202: OpenApiResponse(
                ReportSerializer,
                description="Queued: a big file, or one with a definition. Ask for the report.",
            ),
        },
    )
    def post(self, request: Request) -> Response:
        with as_user(request.user):
            form = AnalyzeInput(data=request.data, context={"request": request})
            form.is_valid(raise_exception=True)
            given = form.validated_data
            source = self._source(request, given)
        report = services.analyse(
            user=person(request),
            vehicle=given["vehicle"],
            subject=read_subject(source) if source is not None else self._sent(given["file"]),
            baseline=given.get("baseline"),
        )
        with as_user(request.user):
            answer = ReportSerializer(report, context={"request": request}).data
        if report.state == ReportState.QUEUED:
            place = f"/api/v1/safety/reports/{report.pk}/"
            return Response(answer, status=202, headers={"Location": place, "Retry-After": "5"})
        return Response(answer)

    def _source(self, request: Request, given: dict[str, Any]) -> StoredFile | TuneVersion | None:
        """Where the bytes lie; None when they came with the request."""
        if "tune" in given:
            return newest_published(given["tune"].pk)
        return own_upload(caller_id(request), given["file_id"]) if "file_id" in given else None

    def _sent(self, upload: Any) -> Subject:
        if upload.size > LIMITS.record_bytes:
            raise PayloadTooLarge(f"The file may have at most {LIMITS.record_bytes:,} bytes.")
        return Subject(upload.read(), clean_filename(upload.name))


class ReportFilter(filters.FilterSet):
    vehicle_id = filters.UUIDFilter()
    tune_id = filters.UUIDFilter(field_name="tune_version__tune_id")
    verdict = filters.CharFilter()

    class Meta:
        model = SafetyReport
        fields = ["vehicle_id", "tune_id", "verdict"]


class ReportViewSet(
    SinceMixin,
    ScopedMixin,
    mixins.RetrieveModelMixin,
    mixins.ListModelMixin,
    mixins.DestroyModelMixin,
    GenericViewSet[Any],
):
    """The caller's reports; written by the engine only."""

    collection = "safety_reports"
    model = SafetyReport
    lookup_value_converter = "uuid"
    serializer_class = ReportSummarySerializer
    filterset_class = ReportFilter
    ordering = "-created_at"
    ordering_fields = ("created_at", "score")

    def shape(self, rows: Any) -> Any:
        return rows.select_related("tune_version__tune")

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
            user=person(request), report=self.get_object(), text=form.validated_data["acknowledgement"]
        )
        return Response(self.get_serializer(report).data)

    @extend_schema(responses={(200, "text/plain"): OpenApiTypes.STR})
    @action(detail=True, url_path="text")
    def text(self, request: Request, pk: UUID) -> HttpResponse:
        page = text.render(self._stored(request))
        return HttpResponse(page, content_type="text/plain; charset=utf-8")

    @extend_schema(responses={(200, "text/html"): OpenApiTypes.STR})
    def page(self, request: Request, pk: UUID) -> HttpResponse:
        nonce = secrets.token_urlsafe(16)
        stored = self._stored(request)
        response = HttpResponse(
            html.render(stored, nonce=nonce, title=_title(stored)), content_type="text/html; charset=utf-8"
        )
        # Its own style sheet and nothing else: no script, no picture, no address to send anything to.
        response["Content-Security-Policy"] = (
            f"default-src 'none'; style-src 'nonce-{nonce}'; style-src-attr 'unsafe-inline';"
            " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        return response

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    def paper(self, request: Request, pk: UUID) -> HttpResponse:
        report = self.get_object()
        stored = self._face(report, request)
        document = pdf.render(stored, title=_title(stored), made_at=report.created_at)
        headers = {"Content-Disposition": f'inline; filename="safety-report-{pk}.pdf"'}
        return HttpResponse(document, content_type="application/pdf", headers=headers)

    @extend_schema(
        parameters=[OpenApiParameter("view", enum=VIEWS, default="tune")],
        responses={(200, "image/svg+xml"): OpenApiTypes.STR},
    )
    def table(self, request: Request, pk: UUID, role: str) -> HttpResponse:
        stored = self._stored(request, tables=True)
        view = request.query_params.get("view", "tune")
        if role not in stored.tables or view not in VIEWS:
            raise NotFound
        if view != "tune" and stored.tables[role].base is None:
            raise NotFound
        picture = svg.render(stored.tables[role], view, stored.findings)
        return HttpResponse(picture, content_type="image/svg+xml")

    def _stored(self, request: Request, *, tables: bool = False) -> Report:
        return self._face(self.get_object(), request, tables=tables)

    def _face(self, report: SafetyReport, request: Request, *, tables: bool = False) -> Report:
        """The report as this person may see it. Raises ReportNotReady; TablesWithheld where tables are demanded."""
        if report.state != ReportState.READY:
            raise ReportNotReady
        if tables and not shows_tables(report, request.user):
            raise TablesWithheld
        body = report.body if tables else shown_body(report, request.user)
        return Report.from_stored(worded(body))


def _title(report: Report) -> str:
    return f"Safety report: {report.vehicle['name'] or 'vehicle'}"


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
