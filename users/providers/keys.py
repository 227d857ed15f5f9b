"""The public keys of an issuer, kept so that neither its outage nor a flood of unknown key ids stops good logins."""

import threading
import time
from typing import Any

from jwt import PyJWK, PyJWKClient, PyJWKClientError, PyJWKSet, PyJWTError

from users.errors import ProviderDown, TokenRefused

FRESH_SECONDS = 300.0  # how long keys are used without asking
PAUSE_SECONDS = 10.0  # between two questions, whatever the answer was
KEEP_SECONDS = 24 * 3600.0  # how long the last good keys outlive the issuer
TIMEOUT_SECONDS = 5.0


class KeyRing:
    """Keys by `kid` from one JWKS address. Who brings a known key id never waits for the network."""

    def __init__(self, url: str) -> None:
        self._client = PyJWKClient(url, cache_jwk_set=False, timeout=TIMEOUT_SECONDS)
        self._asking = threading.Lock()
        self._keys: dict[str, PyJWK] = {}
        self._fetched_at = self._asked_at = float("-inf")
        self._down = False

    def key(self, kid: Any) -> PyJWK:
        """Raises TokenRefused for an id that the issuer does not have, ProviderDown when it can't be asked."""
        if not isinstance(kid, str) or not kid or len(kid) > 200:
            raise TokenRefused
        age = time.monotonic() - self._fetched_at
        known = self._keys.get(kid)
        if known is None or age > FRESH_SECONDS:
            self._ask(wait=known is None or age > KEEP_SECONDS)
            known = self._keys.get(kid)
        if known is not None and time.monotonic() - self._fetched_at < KEEP_SECONDS:
            return known
        raise ProviderDown(retry_after=int(PAUSE_SECONDS)) if self._down else TokenRefused()

    def _ask(self, *, wait: bool) -> None:
        if not self._asking.acquire(blocking=wait):
            return
        try:
            now = time.monotonic()
            if now - self._asked_at < PAUSE_SECONDS:
                return
            self._asked_at = now
            found = PyJWKSet.from_dict(self._client.fetch_data())
            self._keys = {
                key.key_id: key for key in found.keys if key.key_id and key.public_key_use in {"sig", None}
            }
            self._fetched_at, self._down = time.monotonic(), False
        except (PyJWKClientError, PyJWTError, ValueError, OSError):
            self._down = True
        finally:
            self._asking.release()
