"""One-time codes made, sent and checked by Descope (its REST interface; no SDK needed)."""

from typing import Any

import requests
from django.conf import settings

from core.errors import Unavailable
from users.sms import SmsFailed

TIMEOUT = (3.05, 10)  # seconds to connect, to answer


class Descope:
    """Needs DESCOPE_PROJECT_ID; DESCOPE_BASE_URL for a region of its own."""

    makes_codes = True

    def send(self, phone: str, text: str) -> None:
        """`text` is not used: the project's own template says the code."""
        try:
            answer = self._post("signup-in", {"loginId": phone})
        except requests.RequestException as problem:
            raise SmsFailed(f"Descope: {type(problem).__name__}") from None
        if not answer.ok:
            raise SmsFailed(f"Descope: {answer.status_code}")

    def is_right(self, phone: str, code: str) -> bool:
        try:
            answer = self._post("verify", {"loginId": phone, "code": code})
        except requests.RequestException:
            raise Unavailable(retry_after=5) from None
        if answer.status_code >= 500 or answer.status_code == 429:
            raise Unavailable(retry_after=5)
        return answer.ok

    def _post(self, deed: str, body: dict[str, Any]) -> requests.Response:
        return requests.post(
            f"{settings.DESCOPE['base_url']}/v1/auth/otp/{deed}/sms",
            json=body,
            headers={"Authorization": f"Bearer {settings.DESCOPE['project_id']}"},
            timeout=TIMEOUT,
            allow_redirects=False,
        )
