"""What each purpose may weigh and contain. Data: a new kind of file is one entry more."""

from dataclasses import dataclass

from core.models import FilePurpose

MIB = 1024 * 1024

PICTURES = ("image/jpeg", "image/png", "image/webp")
PAPERS = ("application/pdf", *PICTURES)
# What phones and desktops call images of an ECU: binary, Intel HEX and S-record texts, XML project files.
ECU_IMAGES = ("application/octet-stream", "application/xml", "text/xml", "text/plain")


@dataclass(frozen=True, slots=True)
class Purpose:
    """The largest size in bytes, the content types, and whether everybody may see it by its public URL."""

    limit: int
    types: tuple[str, ...]
    public: bool = False


PURPOSES: dict[str, Purpose] = {
    FilePurpose.ATTACHMENT: Purpose(
        25 * MIB,
        (
            *PAPERS,
            "image/heic",
            "image/gif",
            "video/mp4",
            "audio/mp4",
            "audio/mpeg",
            "text/csv",
            "application/json",
            "application/zip",
            "application/gpx+xml",
            *ECU_IMAGES,
        ),
    ),
    FilePurpose.PHOTO: Purpose(12 * MIB, PICTURES, public=True),
    FilePurpose.DOCUMENT: Purpose(20 * MIB, (*PAPERS, "text/plain")),
    FilePurpose.CERTIFICATION: Purpose(10 * MIB, PAPERS),
    FilePurpose.ECU_BACKUP: Purpose(16 * MIB, ECU_IMAGES),
    FilePurpose.TUNE_VERSION: Purpose(16 * MIB, ECU_IMAGES),
}
