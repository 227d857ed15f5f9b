"""Refusals of identity, each with its stable code."""

from core.errors import DomainError, constraint_errors


class InvalidCredentials(DomainError):
    code, status, message = "invalid_credentials", 401, "Invalid credentials"


class SessionEnded(DomainError):
    code, status, message = "session_revoked", 401, "This session has ended. Please log in again."


class AccountExists(DomainError):
    code, status, message = "account_exists", 409, "An account with this address exists already."


constraint_errors.register("users_email_once", AccountExists)
constraint_errors.register("users_user_phone_key", AccountExists)
