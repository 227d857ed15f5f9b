"""The staff admin: one site, which acts as the system role, and its start page."""

import json
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.urls import path, reverse
from unfold.sites import UnfoldAdminSite

from core.ports import dashboard_cards
from core.rls import as_system
from core.staff import staff_pages


class RevSyncAdminSite(UnfoldAdminSite):
    """Staff see all rows: every admin view, its template included, runs as the system role."""

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        from users.login_form import StaffLoginForm  # app ready

        self.login_form = StaffLoginForm
        return super().login(request, extra_context)

    def get_urls(self) -> Any:  # Unfold and Django name different types
        own = [
            path(where, self.admin_view(view), name=name)
            for page in staff_pages.values()
            for where, view, name in page.urls
        ]
        return [*own, *super().get_urls()]

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        inner = super().admin_view(view, cacheable)

        def as_staff(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            with as_system("staff admin"):
                response: HttpResponse = inner(request, *args, **kwargs)
                if hasattr(response, "render"):
                    response.render()  # templates run queries, which the context must cover
            return response

        return as_staff


def environment_label(request: HttpRequest) -> list[str]:
    return ["Development", "info"] if settings.DEBUG else ["Production", "danger"]


def favicon(request: HttpRequest) -> str:
    return static("favicon.svg")


def stylesheet(request: HttpRequest) -> str:
    return static("admin.css")


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The numbers that each app thinks worth showing."""
    context["cards"] = [
        {
            "title": card.title,
            "rows": card.rows(),
            "chart": json.dumps(chart) if (chart := card.chart()) else "",
        }
        for card in dashboard_cards.values()
    ]
    return context


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """One group an app, in the order of the floors; only what this person may see. Pages of work stand first."""
    free = _free_pages(request)
    groups: list[dict[str, Any]] = []
    for app in admin.site.get_app_list(request):
        models = [model for model in app["models"] if model["admin_url"]]
        pages = free.pop(app["name"], []) + [page for model in models for page in _pages(model)]
        items = pages + [{"title": model["name"], "link": model["admin_url"]} for model in models]
        for item in pages:
            item["active"] = request.path.startswith(item["link"])  # what lies below it, too
        if any(item["active"] for item in pages):
            for item in items[len(pages) :]:
                item["active"] = False  # or the model under whose address the page hangs would light up too
        if items:
            groups.append({"title": app["name"], "collapsible": True, "items": items})
    alone = [{"title": title, "collapsible": True, "items": items} for title, items in sorted(free.items())]
    return [*alone, *groups]


def _free_pages(request: HttpRequest) -> dict[str, list[dict[str, Any]]]:
    """Pages that hang on no model (core.staff.staff_pages), by the group of the sidebar."""
    found: dict[str, list[dict[str, Any]]] = {}
    for page in staff_pages.values():
        if page.allows(request):
            link = {"title": page.title, "link": reverse(f"admin:{page.urls[0][2]}")}
            found.setdefault(page.group, []).append(link)
    return found


def _pages(model: dict[str, Any]) -> list[dict[str, Any]]:
    """What a model's admin names in `sidebar_pages`: (title, name of the URL)."""
    pages = getattr(admin.site._registry.get(model["model"]), "sidebar_pages", ())
    return [{"title": title, "link": reverse(name)} for title, name in pages]
