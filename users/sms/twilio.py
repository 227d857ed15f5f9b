"""SMS by Twilio's own SDK (requirements-optional.txt), imported when first used."""

from typing import Any

from django.conf import settings

from users.sms import SmsFailed


class Twilio:
    """Needs TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, and TWILIO_FROM or TWILIO_MESSAGING_SERVICE_SID."""

    makes_codes = False

    def __init__(self) -> None:
        from twilio.http.http_client import TwilioHttpClient  # optional, and 0.3 s to import
        from twilio.rest import Client

        account, token = settings.TWILIO["account_sid"], settings.TWILIO["auth_token"]
        self._client: Any = Client(account, token, http_client=TwilioHttpClient(timeout=10))

    def send(self, phone: str, text: str) -> None:
        from twilio.base.exceptions import TwilioException

        service = settings.TWILIO["messaging_service_sid"]
        sender = {"messaging_service_sid": service} if service else {"from_": settings.TWILIO["from"]}
        try:
            self._client.messages.create(to=phone, body=text, **sender)
        except (TwilioException, OSError) as problem:
            raise SmsFailed(f"Twilio: {type(problem).__name__}") from None

    def is_right(self, phone: str, code: str) -> bool:
        """Codes made elsewhere, before the setting changed, are nobody's now; ours are checked by `users.codes`."""
        return False
