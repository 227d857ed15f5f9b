"""The shared inbox of support: list, conversation and what stands beside it.

Plain links and forms do everything; the script (static/chat/inbox.js) sends the same forms and asks for the same
page's live parts whenever the socket says that something has happened. So the server draws every word once.
"""

from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.views import View
from django.views.decorators.http import require_GET, require_POST

from chat.admin.forms import (
    KINDS,
    SNOOZES,
    AssignForm,
    LookForm,
    PriorityForm,
    SeenForm,
    StatusForm,
    WordsForm,
    cleaned,
)
from chat.errors import ThreadAbsent
from chat.models import Attachment, ThreadKind, ThreadStatus
from chat.ports import About, Line
from chat.selectors.conversation import (
    SUPPORT,
    Conversation,
    Side,
    canned_replies,
    colleagues,
    conversation,
    side_of,
)
from chat.selectors.inbox import PRIORITIES, TABS, Asked, counts, entries
from chat.services import desk
from chat.services.tickets import mint_for_staff
from core import audit
from core.errors import DomainError, Invalid
from core.files.services import signed_download
from core.ids import uuid7
from core.staff import in_group
from users.authentication import person

PART: Final = "X-Part"  # header of a request for the live parts alone
_DEEDS: Final = ("reply", "note", "assign", "status", "priority", "seen")


def check(request: HttpRequest) -> None:
    """Raises PermissionDenied."""
    if not in_group(request, SUPPORT):
        raise PermissionDenied


class InboxView(View):
    """Query: `tab`, `q`, `kind`, `page`; `thread`, `before`. Runs as the system, as all of the admin does."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        check(request)
        self.asked = look(request)
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        asked, viewer = self.asked, person(request)
        thread_id, before = asked["thread"], asked["before"]
        found = conversation(thread_id, viewer, before=before) if thread_id else None
        if thread_id and found is None:
            raise Http404("There is no such conversation.")
        live = PART in request.headers
        if found and not live and before is None and found.thread.last_seq:
            desk.seen(thread_id=found.thread.pk, by=viewer, seq=found.thread.last_seq)
        rows, more = entries(
            Asked(viewer, tab=asked["tab"], words=asked["q"], kind=asked["kind"], page=asked["page"])
        )
        context = {
            "asked": asked,
            "tabs": tabs(asked, counts(viewer)),
            "entries": [(entry, link(asked, thread=entry.thread.pk, before=None)) for entry in rows],
            "newer": link(asked, page=asked["page"] - 1) if asked["page"] else "",
            "older": link(asked, page=asked["page"] + 1) if more else "",
            "here": link(asked),
            "viewer": viewer,
            **(self._conversation(found) if found else {}),
        }
        if live:
            return render(request, "chat/inbox/parts.html", context)
        return render(request, "chat/inbox.html", context | self._page(request, found))

    def _conversation(self, found: Conversation) -> dict[str, Any]:
        return {
            "open": found,
            "earlier": link(self.asked, before=found.earlier) if found.earlier else "",
            "latest": link(self.asked, before=None) if self.asked["before"] else "",
            "statuses": ThreadStatus,
            "snoozes": SNOOZES,
            "priorities": PRIORITIES,
            "colleagues": colleagues(),
        }

    def _page(self, request: HttpRequest, found: Conversation | None) -> dict[str, Any]:
        """What does not change while the page is open."""
        context = {**admin.site.each_context(request), "title": "Inbox", "kinds": KINDS}
        if found is None:
            return context
        side = side_of(found)
        return context | {
            "client_id": uuid7().hex,
            "canned": canned_replies(person(request), found.thread),
            "about": side.about,
            "about_link": about_page(request, side.about),
            "panels": panels(request, side),
            "customer_link": page_of(
                request, Line("", model="users.user", id=found.customer.pk if found.customer else None)
            ),
        }

    def post(self, request: HttpRequest) -> HttpResponse:
        wanted = request.POST.get("deed", "")
        try:
            if wanted not in _DEEDS:
                raise Invalid("Nothing was chosen.")
            if self.asked["thread"] is None:
                raise ThreadAbsent
            said = getattr(self, f"_{wanted}")(request, self.asked["thread"])
        except DomainError as problem:
            words = first_words(problem)
            if wants_json(request):
                return JsonResponse({"error": words}, status=problem.status)
            messages.error(request, words)
        else:
            if wants_json(request):
                return JsonResponse({"said": said})
            if said:
                messages.success(request, said)
        return HttpResponseRedirect(link(self.asked, before=None))

    # -- Deeds; each answers what to say

    def _reply(self, request: HttpRequest, thread_id: UUID) -> str:
        given = cleaned(WordsForm(request.POST))
        sent = desk.reply(
            thread_id=thread_id,
            by=person(request),
            body=given["body"],
            client_id=given["client_id"],
            files=request.FILES.getlist("files"),
        )
        if not sent.duplicate:
            self._audit(request, "reply", message=str(sent.said.id))
        return "Sent."

    def _note(self, request: HttpRequest, thread_id: UUID) -> str:
        given = cleaned(WordsForm(request.POST))
        if request.FILES:
            raise Invalid("A note takes no files.")
        said = desk.note(thread_id=thread_id, by=person(request), body=given["body"])
        self._audit(request, "note", message=str(said.id))
        return "Noted; only staff see it."

    def _assign(self, request: HttpRequest, thread_id: UUID) -> str:
        wanted = cleaned(AssignForm(request.POST))["assignee"]
        to = next((one for one in colleagues() if one.pk == wanted), None)
        if wanted and to is None:
            raise Invalid("This person can't answer conversations.")
        desk.assign(thread_id=thread_id, to=to, by=person(request))
        self._audit(request, "assign", to=str(to.pk) if to else None)
        return f"Given to {to}." if to else "Nobody has it now."

    def _status(self, request: HttpRequest, thread_id: UUID) -> str:
        form = StatusForm(request.POST)
        status = cleaned(form)["status"]
        row = desk.move(thread_id=thread_id, status=status, snooze=form.pause)
        self._audit(request, "status", status=status)
        return f"{row.get_status_display()}."

    def _priority(self, request: HttpRequest, thread_id: UUID) -> str:
        priority = cleaned(PriorityForm(request.POST))["priority"]
        desk.weigh(thread_id=thread_id, priority=priority)
        self._audit(request, "priority", priority=priority)
        return f"Priority: {dict(PRIORITIES)[priority].lower()}."

    def _seen(self, request: HttpRequest, thread_id: UUID) -> str:
        desk.seen(thread_id=thread_id, by=person(request), seq=cleaned(SeenForm(request.POST))["seq"])
        return ""

    def _audit(self, request: HttpRequest, deed: str, **data: Any) -> None:
        audit.record(
            f"inbox.{deed}", actor=request.user.pk, target=self.asked["thread"], request=request, **data
        )


@require_POST
def ticket(request: HttpRequest) -> HttpResponse:
    """What opens the page's socket."""
    check(request)
    text, expires_at = mint_for_staff(request)
    return JsonResponse({"ticket": text, "expires_at": expires_at.isoformat()})


@require_GET
def attachment(request: HttpRequest, attachment_id: UUID) -> HttpResponse:
    """A file of a conversation, by a link that works for a while; the log keeps who took it."""
    check(request)
    row = (
        Attachment.objects.filter(
            pk=attachment_id, message__thread__kind__in=[ThreadKind.SUPPORT, ThreadKind.SHOP]
        )
        .select_related("file", "message")
        .first()
    )
    if row is None or row.message.deleted_at:
        raise Http404("There is no such file.")
    try:
        there = signed_download(row.file)
    except DomainError as problem:
        raise Http404(problem.text) from None
    audit.record(
        "inbox.file",
        actor=request.user.pk,
        target=row.message.thread_id,
        request=request,
        file=str(row.file_id),
    )
    return HttpResponseRedirect(there.url)


# -- What is asked for, and addresses of it


def look(request: HttpRequest) -> dict[str, Any]:
    form = LookForm(request.GET)
    form.is_valid()
    given = form.cleaned_data
    if "thread" in form.errors:
        raise Http404("There is no such conversation.")
    return {
        "tab": given.get("tab") or "open",
        "q": given.get("q") or "",
        "kind": given.get("kind") or "",
        "page": given.get("page") or 0,
        "thread": given.get("thread"),
        "before": given.get("before"),
    }


def link(asked: dict[str, Any], **other: Any) -> str:
    wanted = asked | other
    if wanted["tab"] == "open":
        wanted = wanted | {"tab": ""}
    return "?" + urlencode({key: value for key, value in wanted.items() if value})


def tabs(asked: dict[str, Any], numbers: dict[str, int]) -> list[dict[str, Any]]:
    return [
        {
            "code": tab,
            "title": title,
            "link": link(asked, tab=tab, q="", page=0, before=None),
            "number": numbers.get(tab),
            "here": tab == asked["tab"] and not asked["q"],
        }
        for tab, title in TABS.items()
    ]


def panels(request: HttpRequest, side: Side) -> list[dict[str, Any]]:
    return [
        {
            "title": panel.title,
            "more": panel.more,
            "lines": [(line, page_of(request, line)) for line in panel.lines],
        }
        for panel in side.panels
    ]


def page_of(request: HttpRequest, line: Line) -> str:
    """The staff page of this thing, for those who may see it."""
    app, _, model = line.model.partition(".")
    if line.id is None or not model or not request.user.has_perm(f"{app}.view_{model}"):
        return ""
    try:
        return reverse(f"admin:{app}_{model}_change", args=[line.id])
    except NoReverseMatch:  # its app shows it to nobody
        return ""


def about_page(request: HttpRequest, about: About | None) -> str:
    """The staff page of what the conversation is about, for those who may see it."""
    app, _, rest = (about.link if about else "").partition("/")
    model = rest.partition("/")[0]
    if about is None or not request.user.has_perm(f"{app}.view_{model}"):
        return ""
    return f"{reverse('admin:index')}{about.link}"


def wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "") == "application/json"


def first_words(problem: DomainError) -> str:
    """The complaint about a field says more than that there is one."""
    for complaints in problem.fields.values():
        return str(complaints[0] if isinstance(complaints, list) else complaints)
    return problem.text
