"""Firebase Cloud Messaging, HTTP v1: a service account's key signs for a token of an hour."""

import json
import threading
import time
from collections.abc import Mapping
from typing import Any

import jwt
import requests
from django.conf import settings

from users.push import PushFailed, TokenGone

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
TIMEOUT = (3.05, 10)  # seconds to connect, to answer


class Fcm:
    """Needs FCM_CREDENTIALS: the JSON of a service account, as Google gives it."""

    def __init__(self) -> None:
        self._account: dict[str, str] = json.loads(settings.FCM_CREDENTIALS)
        self._url = f"{settings.FCM_BASE_URL}/v1/projects/{self._account['project_id']}/messages:send"
        self._lock = threading.Lock()
        self._token, self._until = "", 0.0

    def send(self, token: str, *, title: str, body: str, data: Mapping[str, str]) -> None:
        message = {"token": token, "notification": {"title": title, "body": body}, "data": dict(data)}
        headers = {"Authorization": f"Bearer {self._access()}"}
        answer = self._post(self._url, json={"message": message}, headers=headers)
        if answer.status_code in {400, 404} and "UNREGISTERED" in answer.text:
            raise TokenGone
        if not answer.ok:
            raise PushFailed(f"FCM: {answer.status_code}")

    def _access(self) -> str:
        with self._lock:
            if time.time() > self._until - 60:
                answer = self._post(self._account["token_uri"], data=self._grant())
                if not answer.ok:
                    raise PushFailed(f"FCM login: {answer.status_code}")
                told = answer.json()
                self._token, self._until = told["access_token"], time.time() + float(told["expires_in"])
            return self._token

    def _grant(self) -> dict[str, str]:
        now = int(time.time())
        claims = {
            "iss": self._account["client_email"],
            "scope": SCOPE,
            "aud": self._account["token_uri"],
            "iat": now,
            "exp": now + 3600,
        }
        assertion = jwt.encode(claims, self._account["private_key"], algorithm="RS256")
        return {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}

    def _post(self, url: str, **content: Any) -> requests.Response:
        try:
            return requests.post(url, timeout=TIMEOUT, allow_redirects=False, **content)
        except requests.RequestException as problem:
            raise PushFailed(f"FCM: {type(problem).__name__}") from None
