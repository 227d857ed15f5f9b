"""People, their devices, logins, outside identities, one-time codes, and the keys of staff tools."""

from users.models.codes import OtpChallenge, Purpose
from users.models.export import DataExport
from users.models.identity import Identity
from users.models.keys import ApiKey
from users.models.person import Role, User, UserManager
from users.models.session import AppSession, AuthMethod, RevokedReason, UserDevice

__all__ = [
    "ApiKey",
    "AppSession",
    "AuthMethod",
    "DataExport",
    "Identity",
    "OtpChallenge",
    "Purpose",
    "RevokedReason",
    "Role",
    "User",
    "UserDevice",
    "UserManager",
]
