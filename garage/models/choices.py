"""Words that columns of the garage may hold."""

from django.db.models import TextChoices


class FuelType(TextChoices):
    PETROL = "petrol", "Petrol"
    DIESEL = "diesel", "Diesel"
    E85 = "e85", "E85"
    ETHANOL = "ethanol", "Ethanol"
    METHANOL = "methanol", "Methanol"
    LPG = "lpg", "LPG"
    CNG = "cng", "CNG"
    ELECTRIC = "electric", "Electric"
    HYBRID = "hybrid", "Hybrid"


class Aspiration(TextChoices):
    NATURAL = "na", "Naturally aspirated"
    TURBO = "turbo", "Turbocharged"
    SUPERCHARGED = "supercharged", "Supercharged"


class Connection(TextChoices):
    BLE = "BLE", "Bluetooth"
    WIFI = "WIFI", "Wi-Fi"
    CLOUD = "CLOUD", "Own SIM card"


class FuelUnit(TextChoices):
    LITRE = "l", "Litres"
    KILOGRAM = "kg", "Kilograms"
    KILOWATT_HOUR = "kwh", "Kilowatt-hours"


class DocumentKind(TextChoices):
    RECEIPT = "receipt", "Receipt"
    INSURANCE = "insurance", "Insurance"
    REGISTRATION = "registration", "Registration"
    INSPECTION = "inspection", "Inspection (PUC, MOT, TÜV)"
    WARRANTY = "warranty", "Warranty"
    MANUAL = "manual", "Manual"
    OTHER = "other", "Other"


class ReadingSource(TextChoices):
    OWNER = "owner", "Typed in"
    CORRECTION = "correction", "Correction"
    SERVICE = "service", "Service record"
    FUEL = "fuel", "Fuel-up"
    TELEMATICS = "telematics", "Telematics"


class BackupState(TextChoices):
    PENDING = "pending", "Being checked"
    VERIFIED = "verified", "Verified"
    UNREADABLE = "unreadable", "Can't be read"


class FlashState(TextChoices):
    QUEUED = "queued", "Queued"
    READY = "ready", "Ready"
    IN_PROGRESS = "in_progress", "Writing"
    VERIFYING = "verifying", "Verifying"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"
    RESTORING = "restoring", "Restoring"
    RESTORED = "restored", "Restored"
    CANCELLED = "cancelled", "Cancelled"
    EXPIRED = "expired", "Expired"


class FlashStep(TextChoices):
    """What the phone tells."""

    STARTED = "started", "Started"
    PROGRESS = "progress", "Progress"
    VERIFYING = "verifying", "Verifying"
    VERIFIED = "verified", "Verified"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"
    RESTORE_STARTED = "restore_started", "Restore started"
    RESTORED = "restored", "Restored"
    CANCELLED = "cancelled", "Cancelled"
