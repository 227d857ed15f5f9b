"""An account begins: by registration, by a number, or by a login of elsewhere."""

from users.models import User
from users.ports import newcomers


def welcome(user: User) -> None:
    """Everything that an account has from its first moment; in the transaction that makes it."""
    for plug in newcomers.values():
        plug.joined(user)
