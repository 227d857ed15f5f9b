"""What the inbox takes in."""

from datetime import timedelta
from typing import Any, Final

from django import forms

from chat.models import ThreadKind, ThreadStatus
from chat.models.message import MAX_BODY, MAX_CLIENT_ID
from chat.selectors.inbox import PRIORITIES, TABS
from core.errors import Invalid

SNOOZES: Final = (
    (60, "1 hour"),
    (240, "4 hours"),
    (1440, "1 day"),
    (3 * 1440, "3 days"),
    (7 * 1440, "1 week"),
)
KINDS: Final = ((ThreadKind.SUPPORT.value, "Support"), (ThreadKind.SHOP.value, "Workshop"))


class LookForm(forms.Form):
    """What to show; what makes no sense counts as not asked for."""

    tab = forms.ChoiceField(choices=list(TABS.items()), required=False)
    q = forms.CharField(max_length=100, required=False)
    kind = forms.ChoiceField(choices=KINDS, required=False)
    page = forms.IntegerField(min_value=0, required=False)
    thread = forms.UUIDField(required=False)
    before = forms.IntegerField(min_value=1, max_value=2**53, required=False)


class WordsForm(forms.Form):
    # Whether it may be empty is the message's own rule: files speak for themselves.
    body = forms.CharField(max_length=MAX_BODY, strip=False, required=False)
    client_id = forms.CharField(max_length=MAX_CLIENT_ID, required=False)


class AssignForm(forms.Form):
    assignee = forms.UUIDField(required=False)


class StatusForm(forms.Form):
    status = forms.ChoiceField(choices=ThreadStatus.choices)
    snooze = forms.TypedChoiceField(choices=SNOOZES, coerce=int, required=False)

    @property
    def pause(self) -> timedelta:
        return timedelta(minutes=self.cleaned_data["snooze"] or 0)


class PriorityForm(forms.Form):
    priority = forms.TypedChoiceField(choices=PRIORITIES, coerce=int)


class SeenForm(forms.Form):
    seq = forms.IntegerField(min_value=0, max_value=2**53)


def cleaned(form: forms.Form) -> dict[str, Any]:
    """Raises Invalid with the first complaint."""
    if form.is_valid():
        return form.cleaned_data
    name, problems = next(iter(form.errors.items()))
    raise Invalid(str(problems[0]), fields={name: [str(problem) for problem in problems]})
