"""Refusals of identity, each with its stable code."""

from core.errors import DomainError, constraint_errors


class InvalidCredentials(DomainError):
    code, status, message = "invalid_credentials", 401, "Invalid credentials"


class SessionEnded(DomainError):
    code, status, message = "session_revoked", 401, "This session has ended. Please log in again."


class AccountExists(DomainError):
    code, status, message = "account_exists", 409, "An account with this address exists already."


class SecondFactorRequired(DomainError):
    code, status = "mfa_required", 401
    message = "This account asks for a second factor. Repeat with mfa_code from your authenticator."


class NotVerifiedYet(DomainError):
    code, status = "verification_required", 403
    message = "Please open the link in our letter first."


class WrongPassword(DomainError):
    code, status, message = "wrong_proof", 400, "This is not your password or code."


class ReauthenticationRequired(DomainError):
    code, status = "reauthentication_required", 403
    message = "Please give your password again first (auth/reauthenticate/)."


class BadToken(DomainError):
    code, status, message = "bad_token", 400, "This link or code is wrong or has expired."


class WrongCode(DomainError):
    code, status, message = "wrong_code", 400, "This code is wrong or has expired."


class NoSmsThere(DomainError):
    code, status, message = "phone_not_served", 400, "We can't send codes to this number."


class ProviderUnknown(DomainError):
    code, status, message = "provider_unknown", 400, "We don't take logins from there."


class TokenRefused(DomainError):
    code, status, message = "provider_token_invalid", 401, "This login is not valid."


class ProviderDown(DomainError):
    code, status, message = "provider_unavailable", 503, "The login service doesn't answer. Please try again."


class LinkRequiresLogin(DomainError):
    code, status = "link_requires_login", 409
    message = "An account with this address exists. Log in to it first, then connect this login."


class IdentityTaken(DomainError):
    code, status, message = "identity_taken", 409, "This login is connected to another account."


class LastLogin(DomainError):
    code, status = "last_login_method", 409
    message = "Without this you could not log in any more. Set a password first."


constraint_errors.register("users_email_once", AccountExists)
constraint_errors.register("users_user_phone_key", AccountExists)
constraint_errors.register("users_identity_once", IdentityTaken)
