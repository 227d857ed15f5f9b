"""SMS for development and tests: on the screen, or in files."""

import json
from pathlib import Path

from django.conf import settings

from core import clock
from core.ids import uuid7


class _OurCodes:
    makes_codes = False

    def is_right(self, phone: str, code: str) -> bool:
        """Codes made elsewhere, before the setting changed, are nobody's now; ours are checked by `users.codes`."""
        return False


class Console(_OurCodes):
    """Prints to the server's terminal."""

    def send(self, phone: str, text: str) -> None:
        print(f"\n--- SMS to {phone}\n{text}\n---", flush=True)  # noqa: T201 -- that is what it is for


class File(_OurCodes):
    """One JSON file a message in the folder SMS_FILE_PATH, newest last by name."""

    def send(self, phone: str, text: str) -> None:
        folder = Path(settings.SMS_FILE_PATH)
        folder.mkdir(parents=True, exist_ok=True)
        message = {"at": clock.now().isoformat(), "to": phone, "text": text}
        (folder / f"{uuid7()}.json").write_text(json.dumps(message, ensure_ascii=False), encoding="utf-8")
