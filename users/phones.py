"""One way to write a phone number: E.164."""

import phonenumbers
from django.conf import settings


class BadPhone(ValueError):
    """Not the shape of a phone number."""


def normalise_phone(text: str) -> str:
    """E.164 of an international or national number (DEFAULT_PHONE_REGION). Raises BadPhone.

    Only the shape is checked, as register and login promise; `is_possible` says whether it can be dialled.
    """
    try:
        number = phonenumbers.parse(text, settings.DEFAULT_PHONE_REGION)
    except phonenumbers.NumberParseException:
        raise BadPhone("Give a phone number such as +91 98765 43210.") from None
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if not 6 <= len(written) <= 16:
        raise BadPhone("Give a phone number such as +91 98765 43210.")
    return written


def is_possible(e164: str) -> bool:
    """May this number exist at all? An OTP goes only to a possible one."""
    return phonenumbers.is_possible_number(phonenumbers.parse(e164))


def country_of(e164: str) -> str:
    """ISO 3166 code of the number's country, or an empty string."""
    return phonenumbers.region_code_for_number(phonenumbers.parse(e164)) or ""
