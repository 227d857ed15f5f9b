"""Refusals of the tuners app. Codes never change."""

from core.errors import DomainError, constraint_errors


class TunerNotVerified(DomainError):
    code, status = "tuner_not_verified", 403
    message = "Only verified tuners may do this. Apply at tuners/applications/."


class ApplicationOpen(DomainError):
    code, message = "application_open", "Your application is being looked at. Withdraw it to send another."


class ApplicationDecided(DomainError):
    code, message = "application_decided", "This application is no longer open."


class CertificationsOpen(DomainError):
    code, message = "certifications_open", "Review every certification before you decide."


class ProfileNotThere(DomainError):
    code, status, message = "not_found", 404, "You have no tuner profile. Apply at tuners/applications/."


class ReviewNotAllowed(DomainError):
    code, status = "review_not_allowed", 403
    message = "Only people who bought from this tuner or had a finished visit may review them."


constraint_errors.register("tuners_one_open_application", ApplicationOpen)
