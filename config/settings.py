"""Settings of every process; what differs between them comes from the environment (see .env.example)."""

import contextlib
import json
import os
import warnings
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import django_stubs_ext
from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

from config.env import flag, listing, number, secret, text

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
DEBUG = flag("DEBUG", default=False)
PRODUCTION = not DEBUG

# -- Secrets: development makes its own at every start unless told; production refuses to start without.


def required_secret(*names: str) -> str:
    value = secret(*names)
    if value:
        return value
    if PRODUCTION:
        raise ImproperlyConfigured(f"{names[0]} (or {names[0]}_FILE) must be set when DEBUG is off.")
    keep = BASE_DIR / "var" / "secrets" / names[0].lower()
    if not keep.exists():  # kept on disk, so that a restart does not log everybody out
        keep.parent.mkdir(parents=True, exist_ok=True)
        draft = keep.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(get_random_secret_key())
        with contextlib.suppress(FileExistsError):  # of two processes at their first start one is first
            os.link(draft, keep)
        draft.unlink()
    return keep.read_text(encoding="utf-8")


SECRET_KEY = required_secret("SECRET_KEY", "DJANGO_SECRET_KEY")
# kid -> key; the first signs, all verify. A rotation adds the new key in front and drops the last a day later.
JWT_KEYS = {
    kid or "1": key for kid, _, key in (pair.rpartition(":") for pair in required_secret("JWT_KEYS").split())
}
SECRET_KEY_FALLBACKS = secret("SECRET_KEY_FALLBACKS").split()
REFRESH_KEYS = required_secret("REFRESH_KEY").split()  # the first signs, all verify
OTP_KEY = required_secret("OTP_KEY")
FILES_KEY = required_secret("FILES_KEY")
STAFF_API_KEY = secret("STAFF_API_KEY")

# -- Hosts and proxies

ALLOWED_HOSTS = listing("ALLOWED_HOSTS", default="localhost,127.0.0.1,[::1],testserver" if DEBUG else "")
CORS_ALLOWED_ORIGINS = listing("CORS_ALLOWED_ORIGINS")
CSRF_TRUSTED_ORIGINS = listing("CSRF_TRUSTED_ORIGINS")
TRUSTED_PROXIES = number("TRUSTED_PROXIES", default=0)
PORT = number("PORT", default=8000)
PUBLIC_URL = text("PUBLIC_URL").rstrip(
    "/"
)  # how the world reaches us; links made outside of a request need it
CORS_EXPOSE_HEADERS = [
    "ETag", "X-Sync-Until", "X-Request-ID", "Retry-After", "Content-Disposition", "Idempotency-Replayed",
    "X-Session-Id", "X-Message-Id",
]  # fmt: skip
CORS_ALLOW_HEADERS = [
    "accept", "authorization", "content-type", "idempotency-key", "if-match", "if-none-match", "x-api-key",
    "x-request-id",
]  # fmt: skip

# -- Apps, from the lowest floor up

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",  # the default one would put its own site in place of ours
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "config.apps.RevSyncAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "corsheaders",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "procrastinate.contrib.django",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.headless",
    "core",
    "sync",
    "users",
    "payments",
    "chat",
    "chat.assistant",
    "garage",
    "tuners",
    "memberships",
    "marketplace",
    "appointments",
    "telematics",
    "safety",
]
AUTH_USER_MODEL = "users.User"
AUTHENTICATION_BACKENDS = ["users.backends.StaffBackend"]
SILENCED_SYSTEM_CHECKS = ["auth.W004"]  # e-mail is unique by a constraint on lower(email)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

MIDDLEWARE = [
    "core.logs.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "core.pages.PagePolicies",
    "core.pages.CorsOfPages",
    "core.middleware.ApiEdgeMiddleware",
    "users.middleware.SessionUseMiddleware",
    "core.pages.PageSessions",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "core.pages.PageLogins",
    "allauth.account.middleware.AccountMiddleware",
    "core.pages.PageMessages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
APPEND_SLASH = True
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# -- Database: PostgreSQL only. The role decides what row-level security lets through (core/rls.py).

# Behind a transaction pooler (pgbouncer) the login itself must have the role: docs/security.md says how.
DB_POOLER = flag("DB_POOLER")
UNDER_ASGI = flag("UNDER_ASGI")  # set by config/asgi.py: a pool there, persistent connections elsewhere


def database(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    role = text("REVSYNC_DB_ROLE", default="revsync_app")
    options: dict[str, Any] = (
        {} if role == "owner" or DB_POOLER else {"options": f"-c role={role} -c jit=off"}
    )
    if UNDER_ASGI:
        options["pool"] = {"min_size": 1, "max_size": number("DB_POOL_SIZE", default=8), "timeout": 10}
    else:
        options |= {"server_side_binding": True, "prepare_threshold": 2}
    if DB_POOLER:
        options["prepare_threshold"] = None  # the next statement may meet another server process
    return {
        "ENGINE": "core.postgresql",
        "NAME": parts.path.lstrip("/") or "revsync",
        "USER": unquote(parts.username or "postgres"),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.get("host") or parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
        "ATOMIC_REQUESTS": True,
        "DISABLE_SERVER_SIDE_CURSORS": DB_POOLER,
        "CONN_MAX_AGE": 0 if UNDER_ASGI else None,
        "CONN_HEALTH_CHECKS": True,
    }


def database_url() -> str:
    """DATABASE_URL, else the single DB_* names; manage.py exports the embedded server's when neither is set."""
    if url := secret("DATABASE_URL"):
        return url
    host, port = text("DB_HOST", default="localhost"), text("DB_PORT", default="5432")
    user, password = text("DB_USER", default="postgres"), secret("DB_PASSWORD")
    return f"postgresql://{user}:{password}@{host}:{port}/{text('DB_NAME', default='revsync')}"


DATABASES = {"default": database(database_url())}
REDIS_URL = secret("REDIS_URL")
CACHES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}

# -- REST

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["users.authentication.SessionTokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": ["core.throttling.DefaultThrottle"],
    "DEFAULT_PARSER_CLASSES": ["core.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["core.renderers.Json"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "core.negotiation.Negotiation",
    "DEFAULT_PAGINATION_CLASS": "core.pagination.KeysetPagination",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "core.schema.RevSyncSchema",
    "EXCEPTION_HANDLER": "core.handler.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "TEST_REQUEST_RENDERER_CLASSES": [
        "rest_framework.renderers.JSONRenderer",
        "rest_framework.renderers.MultiPartRenderer",
    ],
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "URL_FORMAT_OVERRIDE": None,
    "COERCE_DECIMAL_TO_STRING": False,
    "NUM_PROXIES": TRUSTED_PROXIES,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "RevSync API",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "DESCRIPTION": "Open backend for people who own, tune and service motorcycles and cars.",
    "COMPONENT_SPLIT_REQUEST": True,
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "PREPROCESSING_HOOKS": ["core.schema.versioned_routes_only"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "core.schema.strict_bodies_and_errors",
    ],
    "ENUM_NAME_OVERRIDES": {
        "AlertKindEnum": "telematics.models.AlertKind",
        "PaymentStatusEnum": "payments.models.PaymentStatus",
        "RefundStatusEnum": "payments.models.RefundStatus",
        "FuelTypeEnum": "garage.models.FuelType",
        "FuelWordEnum": "garage.serializers.vehicle.FUEL_WORDS",
        "DongleConnectionEnum": "garage.models.Connection",
        "AspirationEnum": "garage.models.Aspiration",
        "DocumentKindEnum": "garage.models.DocumentKind",
        "BackupStateEnum": "garage.models.BackupState",
        "FlashStateEnum": "garage.models.FlashState",
        "FlashStepEnum": "garage.models.FlashStep",
        "ReadingSourceEnum": "garage.models.ReadingSource",
        "RoleEnum": "users.models.Role",
        "SafetyVerdictEnum": "safety.models.Verdict",
        "ReportStateEnum": "safety.models.ReportState",
        "TunerRoleEnum": "tuners.models.TunerRole",
        "SpecialityEnum": "tuners.models.Speciality",
        "VerificationEnum": "tuners.models.Verification",
        "TunerApplicationStatusEnum": "tuners.models.ApplicationStatus",
        "CertificationKindEnum": "tuners.models.CertificationKind",
        "CertificationStatusEnum": "tuners.models.Checked",
        "PayoutStatusEnum": "payments.models.PayoutStatus",
        "TuneStatusEnum": "marketplace.models.TuneStatus",
        "TuneStageEnum": "marketplace.models.Stage",
        "TuneFileStateEnum": "marketplace.models.FileState",
        "PurchaseStatusEnum": "marketplace.models.PurchaseStatus",
        "EntitlementStatusEnum": "marketplace.models.EntitlementStatus",
        "AppointmentStatusEnum": "appointments.models.Status",
        "ServicePlaceEnum": "appointments.models.ServicePlace",
        "BookingPaymentMethodEnum": "appointments.models.PaymentMethod",
        "BookingSourceEnum": "appointments.models.Source",
        "WaitlistStateEnum": "appointments.models.offers.WaitlistEntry.State",
        "MembershipStatusEnum": "memberships.models.MembershipStatus",
        "MembershipEndReasonEnum": "memberships.models.EndReason",
        "MembershipChurnReasonEnum": "memberships.models.ChurnReason",
        "MembershipInvoiceKindEnum": "memberships.models.InvoiceKind",
        "MembershipInvoiceStatusEnum": "memberships.models.InvoiceStatus",
        "ReferralStatusEnum": "memberships.models.ReferralStatus",
        "PlanIntervalEnum": "memberships.calendar.INTERVAL_CHOICES",
        "FitVerdictEnum": "marketplace.serializers.tunes.VERDICTS",
        "SuggestionKindEnum": "marketplace.serializers.search.KINDS",
        "ThumbEnum": "chat.assistant.models.Feedback.Rating",
        "ThreadKindEnum": "chat.models.ThreadKind",
        "ThreadStatusEnum": "chat.models.ThreadStatus",
        "ChatPartEnum": "chat.models.Part",
        "ChatReportReasonEnum": "chat.models.Report.Reason",
        "AssistantMessageStatusEnum": "chat.assistant.models.MessageStatus",
        "AssistantMessageRoleEnum": "chat.assistant.models.MessageRole",
    },
}
DOCS_PUBLIC = flag("DOCS_PUBLIC", default=True)
if not DOCS_PUBLIC:  # the API's description for staff who are logged into the admin
    SPECTACULAR_SETTINGS |= {
        "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAdminUser"],
        "SERVE_AUTHENTICATION": ["rest_framework.authentication.SessionAuthentication"],
    }
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000

# -- Sync: versions of a client's own schema that this server can serve; an app below is told to update

SYNC_SCHEMA_VERSIONS = (number("SYNC_OLDEST_SCHEMA", default=1), number("SYNC_NEWEST_SCHEMA", default=1000))

SYNC_WAITERS = number("SYNC_WAITERS", default=2000 if UNDER_ASGI else 8)  # clients in sync/wait/, a process

# Seconds that the one who tells devices of news keeps its connection; a pool keeps connections by itself.
SYNC_WATCH_REST = 0 if UNDER_ASGI else 60

# -- Sessions and passwords

ACCESS_TOKEN_LIFETIME = timedelta(hours=1)
SESSION_IDLE_LIFETIME = timedelta(days=7)
SESSION_ABSOLUTE_LIFETIME = timedelta(days=90)
REFRESH_GRACE = timedelta(seconds=10)
PASSWORD_RESET_TIMEOUT = 3600  # seconds; of the links in letters
REAUTHENTICATION_SECONDS = 600  # how long a proof of identity counts for deeds that need a fresh one
LOGIN_DELAY_SECONDS = 1.0  # what a wrong password waits once an account is being guessed at
REGISTER_VERIFY_FIRST = flag("REGISTER_VERIFY_FIRST")  # tell nobody whether an address has an account

# Second factors and passkeys are django-allauth's, joined to our sessions by users/mfa.py. Its tables are always
# there; MFA_ENABLED opens its routes and makes every login ask. Of its other flows none is reachable.
MFA_ENABLED = flag("MFA_ENABLED")
MFA_ADAPTER = "users.mfa.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # our addresses are not in its table
MFA_TOTP_ISSUER = "RevSync"
ACCOUNT_ADAPTER = "users.mfa.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_REAUTHENTICATION_TIMEOUT = REAUTHENTICATION_SECONDS
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
HEADLESS_ONLY = True
HEADLESS_CLIENTS = ("app",)
HEADLESS_TOKEN_STRATEGY = "users.mfa.OurSessions"  # noqa: S105 -- a class
PASSWORD_HASHERS = [
    "core.auth.LeanArgon2Hasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
DEFAULT_PHONE_REGION = text("DEFAULT_PHONE_REGION", default="IN")

# -- Letters and SMS. In development they are printed; EMAIL_FILE_PATH and SMS_FILE_PATH are outboxes as files.

SITE_URL = text("SITE_URL", default="http://localhost:8000").rstrip("/")  # what the links in letters open
DEFAULT_FROM_EMAIL = text("DEFAULT_FROM_EMAIL", default="RevSync <noreply@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
EMAIL_FILE_PATH = text("EMAIL_FILE_PATH")
EMAIL_HOST, EMAIL_PORT = text("EMAIL_HOST", default="localhost"), number("EMAIL_PORT", default=25)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = text("EMAIL_HOST_USER"), secret("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS, EMAIL_USE_SSL = flag("EMAIL_USE_TLS"), flag("EMAIL_USE_SSL")
EMAIL_TIMEOUT = 15
EMAIL_BACKEND = "django.core.mail.backends." + (
    "filebased.EmailBackend"
    if EMAIL_FILE_PATH
    else "smtp.EmailBackend"
    if PRODUCTION or text("EMAIL_HOST")
    else "console.EmailBackend"
)
TWILIO = {
    "account_sid": text("TWILIO_ACCOUNT_SID"),
    "auth_token": secret("TWILIO_AUTH_TOKEN"),
    "from": text("TWILIO_FROM"),
    "messaging_service_sid": text("TWILIO_MESSAGING_SERVICE_SID"),
}
DESCOPE = {
    "project_id": text("DESCOPE_PROJECT_ID"),
    "management_key": secret("DESCOPE_MANAGEMENT_KEY"),
    "base_url": text("DESCOPE_BASE_URL", default="https://api.descope.com").rstrip("/"),
}
# Push to phones: fcm (a service account's JSON in FCM_CREDENTIALS), console, off, or a dotted path as below
FCM_CREDENTIALS = secret("FCM_CREDENTIALS")
FCM_BASE_URL = text("FCM_BASE_URL", default="https://fcm.googleapis.com")
PUSH_BACKEND = text("PUSH_BACKEND", default="fcm" if FCM_CREDENTIALS else "off" if PRODUCTION else "console")
SMS_FILE_PATH = text("SMS_FILE_PATH")
# console, file, twilio, descope, off (no codes by SMS), or the dotted path of a class like those of users/sms/
SMS_BACKEND = text(
    "SMS_BACKEND",
    default="file"
    if SMS_FILE_PATH
    else "twilio"
    if TWILIO["account_sid"]
    else "off"
    if PRODUCTION
    else "console",
)
OTP_COUNTRIES = listing("OTP_COUNTRIES", default="IN")  # ISO 3166; codes go nowhere else (toll fraud)
OTP_REGISTERS = flag("OTP_REGISTERS", default=True)  # a code to a new number makes an account

# -- Outside identity: entries {kind, name, issuer, audience, algorithms, jwks_url | hs256_secret, ...}. Several of
# one name are told apart by issuer and algorithm. OIDC_PROVIDERS is a JSON list of entries of kind "oidc".

SUPABASE_URL = text("SUPABASE_URL").rstrip("/")


def identity_provider_entries() -> list[dict[str, Any]]:
    try:
        entries: list[dict[str, Any]] = json.loads(secret("OIDC_PROVIDERS", default="[]"))
    except ValueError:
        raise ImproperlyConfigured("OIDC_PROVIDERS must be a JSON list.") from None
    if SUPABASE_URL:
        supabase = {
            "kind": "supabase",
            "name": "supabase",
            "url": SUPABASE_URL,
            "anon_key": secret("SUPABASE_ANON_KEY"),
            "issuer": f"{SUPABASE_URL}/auth/v1",
            "audience": "authenticated",
        }
        jwks = {"jwks_url": f"{SUPABASE_URL}/auth/v1/.well-known/jwks.json", "algorithms": ["ES256", "RS256"]}
        entries.append(supabase | jwks)
        if legacy := secret("SUPABASE_JWT_SECRET"):
            entries.append(supabase | {"hs256_secret": legacy, "algorithms": ["HS256"]})
    if project := DESCOPE["project_id"]:
        entries.append(
            {
                "kind": "descope",
                "name": "descope",
                **DESCOPE,
                "issuer": project,
                "jwks_url": f"{DESCOPE['base_url']}/v2/keys/{project}",
                "algorithms": ["RS256"],
            }
        )
    return entries


IDENTITY_PROVIDERS = identity_provider_entries()

# -- Throttles: "hits/period"; THROTTLE_<SCOPE>=off switches one off (docs/security.md has the table)

THROTTLES = {
    scope: text(f"THROTTLE_{scope.upper()}", default=rate)
    for scope, rate in {
        "user": "600/min",
        "anon": "60/min",
        "login_account": "10/15min",
        "login_ip": "100/15min",
        "register": "20/h",
        "refresh_session": "60/h",
        "refresh_ip": "600/h",
        "login_name": "10/15min",
        "login_letter": "1/day",
        "password_check": "10/15min",
        "mfa_account": "5/15min",
        "reset_account": "5/h",
        "reset_ip": "20/h",
        "email_send": "5/h",
        "email_confirm_ip": "30/h",
        "otp_send_pause": "1/30s",
        "otp_send_hour": "5/h",
        "otp_send_day": "20/day",
        "otp_send_ip": "30/h",
        "otp_verify_day": "30/day",
        "otp_verify_ip": "60/h",
        "otp_spend": "2000/day",
        "exchange_ip": "60/min",
        "api_key_ip": "30/min",
        "presign": "60/h",
        "analyze": "60/h",
        "assistant": "30/min",
        "payment": "60/min",
        "booking": "60/min",
        "referral_code": "20/h",
        "telemetry": "10/s",
        "device": "50/s",
        "device_stranger": "60/min",
    }.items()
}

# -- Files: local disk, or any S3-compatible store

TELEMETRY_ARCHIVE = flag("TELEMETRY_ARCHIVE")  # months go there as Parquet before retention drops them
USE_S3 = flag("USE_S3", default=bool(SUPABASE_URL))
S3 = {
    "access_key": secret("AWS_ACCESS_KEY_ID", "SUPABASE_ACCESS_KEY_ID"),
    "secret_key": secret("AWS_SECRET_ACCESS_KEY", "SUPABASE_SECRET_ACCESS_KEY"),
    "bucket": text("AWS_STORAGE_BUCKET_NAME", "SUPABASE_BUCKET_NAME"),
    "region": text("AWS_S3_REGION_NAME", default="us-east-1"),
    "endpoint": text(
        "AWS_S3_ENDPOINT_URL", default=f"{SUPABASE_URL.rstrip('/')}/storage/v1/s3" if SUPABASE_URL else ""
    ),
    "public_domain": text("AWS_S3_CUSTOM_DOMAIN"),
}
SIGNED_URL_LIFETIME = timedelta(seconds=number("AWS_S3_PRESIGNED_URL_EXPIRATION", default=900))
MEDIA_ROOT = Path(text("FILES_ROOT", default=str(BASE_DIR / "var" / "files")))

# -- Flash jobs: how long one waits to be begun, and how long its phone may be silent while it writes

FLASH_JOB_LIFETIME = timedelta(seconds=number("FLASH_JOB_LIFETIME", default=24 * 3600))
FLASH_SILENCE = timedelta(seconds=number("FLASH_SILENCE", default=6 * 3600))
# A trip ends after so long a stop, or a silence; from a minute to a day.
TRIP_STOP_SECONDS = min(86_400, max(60, number("TRIP_STOP_SECONDS", default=300)))
TRIP_GAP_SECONDS = min(86_400, max(60, number("TRIP_GAP_SECONDS", default=300)))

# -- Safety: plainer words for findings from a language model (safety/services/wording.py); off, or openai

SAFETY_WORDING = text("SAFETY_WORDING", default="off")

# -- The assistant (docs/assistant.md): one language model for the house, at any OpenAI-compatible service. A key or an
# address of one's own switches it on; without either the built-in answers, from the person's records alone.

AI_API_KEY = secret("AI_API_KEY", "GROQ_API_KEY")
AI_BASE_URL = text("AI_BASE_URL", default="https://api.groq.com/openai/v1")
AI_MODEL = text("AI_MODEL", default="llama-3.3-70b-versatile")
# auto: the model, then the built-in; openai: the model alone; builtin: no model
AI_PROVIDER = text("AI_PROVIDER", default="auto" if AI_API_KEY or text("AI_BASE_URL") else "builtin")
AI_TOOLS = flag("AI_TOOLS", default=True)  # offer the model read-only tools
AI_CONTEXT_TOKENS = number("AI_CONTEXT_TOKENS", default=6000)  # of a prompt, about
AI_MAX_TOKENS = number("AI_MAX_TOKENS", default=800)  # of an answer
AI_MESSAGES_PER_DAY = number("AI_MESSAGES_PER_DAY", default=200)  # a person, where the plan says nothing
AI_TOKENS_PER_DAY = number("AI_TOKENS_PER_DAY", default=100_000)  # beyond it the built-in answers
AI_TIMEOUTS = {"connect": 3.0, "first": 15.0, "between": 20.0, "total": 120.0}  # seconds
AI_WORD_PAUSE = 0.004  # seconds between two words of the built-in

# -- Payments: Razorpay where its keys are set, else the sandbox where that is allowed (docs/payments.md)

RAZORPAY_KEY_ID = text("RAZORPAY_KEY_ID")
RAZORPAY_KEY_SECRET = secret("RAZORPAY_KEY_SECRET")
# Several, separated by blanks, while one is rotated: all verify.
RAZORPAY_WEBHOOK_SECRETS = secret("RAZORPAY_WEBHOOK_SECRET").split()
RAZORPAY_BASE_URL = text("RAZORPAY_BASE_URL", default="https://api.razorpay.com")
RAZORPAY_TIMEOUT = (3.0, 10.0)  # seconds to connect, to answer
PAYMENTS_SANDBOX = flag("PAYMENTS_SANDBOX")  # allows the sandbox where DEBUG is off
PAYMENTS_GATEWAY = text("PAYMENTS_GATEWAY", default="razorpay" if RAZORPAY_KEY_ID else "sandbox")
PAYMENTS_ONLINE_ENABLED = flag(
    "PAYMENTS_ONLINE_ENABLED", default=bool(RAZORPAY_KEY_ID) or DEBUG or PAYMENTS_SANDBOX
)
SANDBOX_SECRET = sha256(f"sandbox checkout {SECRET_KEY}".encode()).hexdigest()
SANDBOX_WEBHOOK_SECRET = sha256(f"sandbox webhook {SECRET_KEY}".encode()).hexdigest()
INVOICE_SELLER = {
    "name": text("INVOICE_SELLER_NAME", default="RevSync"),
    "address": text("INVOICE_SELLER_ADDRESS"),
    "tax_id": text("INVOICE_SELLER_TAX_ID"),
}
DOCUMENT_FONT = text("DOCUMENT_FONT")  # a TrueType file, for names beyond Latin letters
REFUND_WINDOW = timedelta(days=number("REFUND_WINDOW_DAYS", default=14))  # earnings clear for payout after it

# -- Marketplace

MARKETPLACE_COMMISSION_BPS = number("MARKETPLACE_COMMISSION_BPS", default=1500)  # hundredths of a percent
MARKETPLACE_REVIEW_ALL = flag("MARKETPLACE_REVIEW_ALL")  # every new tune waits for a moderator

# -- Memberships: an unpaid period has its benefits through the grace, then waits halted, then ends. Renewals are
# offered some days ahead. Referrals and rewards: amounts in minor units of REWARDS_CURRENCY.

MEMBERSHIP_GRACE = timedelta(days=number("MEMBERSHIP_GRACE_DAYS", default=7))
MEMBERSHIP_HALTED = timedelta(days=number("MEMBERSHIP_HALTED_DAYS", default=30))
MEMBERSHIP_RENEW_AHEAD = timedelta(days=number("MEMBERSHIP_RENEW_AHEAD_DAYS", default=3))
REWARDS_CURRENCY = text("REWARDS_CURRENCY", default="INR")
REWARDS_LIFETIME = timedelta(days=number("REWARDS_LIFETIME_DAYS", default=365))
REFERRAL_LINK = text("REFERRAL_LINK", default=f"{SITE_URL}/join?code={{code}}")
REFERRER_REWARD_MINOR = number("REFERRER_REWARD_MINOR", default=20_000)
REFERRED_REWARD_MINOR = number("REFERRED_REWARD_MINOR", default=10_000)
REFERRAL_MINIMUM_MINOR = number("REFERRAL_MINIMUM_MINOR", default=20_000)  # the first payment that counts
REFERRAL_DAYS = number("REFERRAL_DAYS", default=30)  # how long after joining a code can be used
REFERRAL_MONTHLY_CAP = number("REFERRAL_MONTHLY_CAP", default=10)  # a person's in 30 days
REFERRAL_TOTAL_CAP = number("REFERRAL_TOTAL_CAP", default=100)

# -- Appointments: how long a time is held while somebody pays, and a freed one for whoever waits for it; what the
# house keeps of a booking at a tuner's shop that names no rate of its own

BOOKING_COMMISSION_BPS = number("BOOKING_COMMISSION_BPS", default=1000)  # hundredths of a percent
BOOKING_HOLD = timedelta(seconds=number("BOOKING_HOLD_SECONDS", default=900))
WAITLIST_OFFER = timedelta(seconds=number("WAITLIST_OFFER_SECONDS", default=1800))

# -- Chat: sockets, the group commit behind them, and support (docs/chat.md)

CHAT_BATCH_MAX = number("CHAT_BATCH_MAX", default=64)  # messages of one commit
CHAT_WRITER_QUEUE = number("CHAT_WRITER_QUEUE", default=5000)  # messages that wait for it; then "unavailable"
CHAT_OUT_QUEUE = number("CHAT_OUT_QUEUE", default=1000)  # frames that one socket may be behind
CHAT_OUT_BYTES = number("CHAT_OUT_BYTES", default=1024 * 1024)
CHAT_SEND_TIMEOUT = number("CHAT_SEND_TIMEOUT", default=15)  # seconds that a socket may not take a frame
CHAT_RECONCILE = number("CHAT_RECONCILE", default=5)  # seconds; one second while Redis is away or not used
CHAT_REORDER_WAIT = number("CHAT_REORDER_WAIT_MS", default=50) / 1000
CHAT_MAX_FRAME = number("CHAT_MAX_FRAME", default=64 * 1024)  # bytes of what a client sends
CHAT_RATE = number("CHAT_RATE", default=10)  # frames a second of one socket
CHAT_BURST = number("CHAT_BURST", default=30)
CHAT_TYPING_EVERY = number("CHAT_TYPING_EVERY", default=3)  # seconds between two TYPING in one thread
CHAT_CONNS_PER_USER = number("CHAT_CONNS_PER_USER", default=10)  # in all processes
CHAT_SILENCE = number("CHAT_SILENCE", default=90)  # seconds without a frame of whoever once said PING
CHAT_CLOSE_SPREAD = number(
    "CHAT_CLOSE_SPREAD", default=10
)  # seconds over which sockets close when a process ends
CHAT_DELIVERED_EVERY = number(
    "CHAT_DELIVERED_EVERY", default=3
)  # seconds between two marks of what reached people
CHAT_REPLAY_PAGE = number("CHAT_REPLAY_PAGE", default=200)
CHAT_RESUME_MAX_THREADS = number("CHAT_RESUME_MAX_THREADS", default=500)
CHAT_DB_POOL = number("CHAT_DB_POOL", default=8)  # connections of one ASGI process beside DB_POOL_SIZE
CHAT_ALLOWED_ORIGINS = listing("CHAT_ALLOWED_ORIGINS") or CORS_ALLOWED_ORIGINS + CSRF_TRUSTED_ORIGINS
CHAT_EDIT_WINDOW = timedelta(seconds=number("CHAT_EDIT_WINDOW", default=24 * 3600))
CHAT_FIRST_RESPONSE = timedelta(
    seconds=number("CHAT_FIRST_RESPONSE", default=4 * 3600)
)  # promised to customers

# -- Static files of the admin

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
STATICFILES_DIRS = [BASE_DIR / "config" / "static"]
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG
if DEBUG:  # static files under ASGI; production serves them by WSGI
    warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

# -- Language and clock

LANGUAGE_CODE = "en"
USE_I18N = True
TIME_ZONE = "UTC"
USE_TZ = True

# -- Browser security. The API needs nothing at all from a browser; the admin and the docs have own policies.

X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "no-referrer"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [NONE],
        "base-uri": [NONE],
    }
}
PAGE_POLICIES = {
    # Alpine, inside Unfold, evaluates expressions; no inline script is allowed anywhere.
    "admin": {
        "script-src": [SELF, UNSAFE_EVAL],
        "style-src": [SELF, UNSAFE_INLINE],
        "connect-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "form-action": [SELF],
    },
    "checkout": {
        "script-src": [SELF],
        "style-src": [SELF],
        "connect-src": [SELF],
        "img-src": [SELF, "data:"],
    },
    "docs": {
        "script-src": [SELF],
        "style-src": [SELF, UNSAFE_INLINE],
        "connect-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
    },
}
if PRODUCTION:
    SECURE_SSL_REDIRECT = flag("SECURE_SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
ADMIN_PATH = text("ADMIN_PATH", default="admin/").strip("/") + "/"
LOGIN_REDIRECT_URL = "admin:index"

# -- Logs: one JSON object a line, secrets redacted (core/logs.py)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "core.logs.JsonFormatter"}, "text": {"()": "core.logs.TextFormatter"}},
    "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "text" if DEBUG else "json"}},
    "root": {"handlers": ["out"], "level": text("LOG_LEVEL", default="INFO")},
    "loggers": {
        "procrastinate": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
        "uvicorn.access": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        "psycopg.pool": {"level": "WARNING"},
    },
}

# -- Admin pages: config/admin.py fills the callbacks

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "RevSync",
    "SITE_HEADER": "RevSync",
    "SITE_SUBHEADER": "Garage, tunes, workshop",
    "SITE_SYMBOL": "two_wheeler",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "ENVIRONMENT": "config.admin.environment_label",
    "DASHBOARD_CALLBACK": "config.admin.dashboard",
    "SIDEBAR": {"show_search": True, "navigation": "config.admin.navigation"},
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "config.admin.favicon"}],
    "STYLES": ["config.admin.stylesheet"],
}
