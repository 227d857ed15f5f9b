"""The admin's login, with a second factor where MFA_ENABLED is on."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from unfold.forms import AuthenticationForm

from core.throttling import Throttled
from users import second_factor


class StaffLoginForm(AuthenticationForm):
    """Staff without an authenticator are told how to set one up; there is no way around it."""

    mfa_code = forms.CharField(
        label="Code of your authenticator",
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["mfa_code"].widget.attrs["class"] = self.fields["username"].widget.attrs["class"]
        if not settings.MFA_ENABLED:
            del self.fields["mfa_code"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        user: Any = self.get_user()
        if settings.MFA_ENABLED and user is not None:
            if not second_factor.has_one(user):
                raise ValidationError(
                    "Set up an authenticator first: see “Second factor” in docs/security.md.",
                    code="mfa_missing",
                )
            self._demand(user, cleaned.get("mfa_code", ""))
        return cleaned

    def _demand(self, user: Any, code: str) -> None:
        try:
            right = second_factor.is_right(user, code)
        except Throttled as refusal:
            raise ValidationError(refusal.text, code="throttled") from None
        if not right:
            raise ValidationError("This code is wrong.", code="mfa_wrong")
