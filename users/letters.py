"""What our letters say: plain text, short, readable on a phone. Only words; users/tasks.py sends them."""

from typing import NamedTuple


class Letter(NamedTuple):
    subject: str
    body: str


_END = """
If you have questions, just answer this letter.

RevSync"""

# Notices: something happened to the account.
NOTICES: dict[str, Letter] = {
    "password_changed": Letter(
        "Your password was changed",
        """The password of your RevSync account was changed just now, and all other devices were logged out.

If this was not you, set a new password at once: {site}/forgot-password""",
    ),
    "email_changed": Letter(
        "Your e-mail address was changed",
        """The e-mail address of your RevSync account was changed just now; this letter goes to the old one.

If this was not you, answer this letter at once.""",
    ),
    "new_device": Letter(
        "New device logged in",
        """Somebody logged into your RevSync account with a device that we have not seen before:

  {what}
  network {near}

If this was you, nothing is to be done. If not, end that login and change your password: {site}/account/sessions""",
    ),
    "wrong_passwords": Letter(
        "Somebody tries to guess your password",
        """There were many logins with a wrong password to your RevSync account (the last on {when}). None got in.

Your account stays open for you. With a long password of its own you need not do anything.""",
    ),
    "account_exists": Letter(
        "You have an account already",
        """Somebody, perhaps you, tried to use this address for a RevSync account. It belongs to one already.

Log in: {site}/login
Forgot the password: {site}/forgot-password

If this was not you, nothing is to be done: nobody has learned that you have an account.""",
    ),
    "erasure_requested": Letter(
        "Your account will be erased",
        """You asked us to erase your RevSync account. It is closed now and will be erased on {when}.

Until then a login brings it back. After that nobody can.""",
    ),
    "erasure_cancelled": Letter(
        "Your account stays",
        """You logged in, so your RevSync account will not be erased.

If this was not you, change your password: {site}/forgot-password""",
    ),
    "account_erased": Letter(
        "Your account was erased",
        "Your RevSync account and what belonged to it were erased, as you asked. Invoices are kept as the law demands.",
    ),
    "export_ready": Letter(
        "Your data is ready",
        "The copy of your RevSync data that you asked for is ready. The link works for 24 hours:\n\n{site}/account/export",
    ),
    "second_factor_changed": Letter(
        "Your second factor was changed",
        """The authenticators or recovery codes of your RevSync account were changed just now.

If this was not you, answer this letter at once.""",
    ),
    "identity_linked": Letter(
        "A login was connected",
        """The login of {provider} now opens your RevSync account.

If this was not you, remove it and change your password: {site}/account/logins""",
    ),
}

# Letters that carry a code and a link.
CODE_LETTERS: dict[str, Letter] = {
    "verify": Letter(
        "Is this your address? Your code is {code}",
        """Please confirm that this address is yours:

{site}/verify-email?token={token}

Or type this code in the app: {code}

Link and code work for a short time only. If you did not make an account with us, ignore this letter.""",
    ),
    "change": Letter(
        "Your new address? Your code is {code}",
        """Please confirm that your RevSync account shall have this address:

{site}/verify-email?token={token}

Or type this code in the app: {code}

If you did not ask for this, ignore this letter.""",
    ),
    "reset": Letter(
        "Choose a new password",
        """Somebody, hopefully you, forgot the password of your RevSync account. Choose a new one here:

{site}/reset-password?token={token}

Or type this code in the app: {code}

Link and code work for a short time and once. If this was not you, ignore this letter: nothing has changed.""",
    ),
}

SMS_CODE = "{code} is your RevSync code. Never tell it to anybody; we never ask for it."


def notice(kind: str, *, name: str, **facts: str) -> Letter:
    return _filled(NOTICES[kind], name, facts)


def code_letter(kind: str, *, name: str, **facts: str) -> Letter:
    return _filled(CODE_LETTERS[kind], name, facts)


def _filled(letter: Letter, name: str, facts: dict[str, str]) -> Letter:
    """Subject and body; a subject is one line whatever somebody calls themselves."""
    greeting = f"Hello {one_line(name)},\n\n" if name.strip() else "Hello,\n\n"
    subject = one_line(letter.subject.format(**facts))
    return Letter(subject, greeting + letter.body.format(**facts) + "\n" + _END + "\n")


def one_line(text: str) -> str:
    return " ".join(text.split())
