"""Pictures that everybody may see: drawn anew, so that where they were taken stays with their owner."""

import io
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
MAX_PIXELS = 50_000_000
MAX_EDGE = 2560  # pixels; larger ones are scaled down


class NotAPicture(Exception):
    """Not what its content type says, broken, or too large to draw. The text is for the person."""


def clean_picture(data: bytes, content_type: str) -> bytes:
    """The same picture upright, at most MAX_EDGE on its longer side, without EXIF, GPS or comments."""
    wanted = FORMATS[content_type]
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(data), formats=[wanted]) as picture:
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is lower
            if picture.width * picture.height > MAX_PIXELS:
                raise NotAPicture(f"A picture may have at most {MAX_PIXELS // 1_000_000} million pixels.")
            picture.thumbnail((MAX_EDGE, MAX_EDGE))  # first: a JPEG is then decoded at the smaller scale
            return _draw(ImageOps.exif_transpose(picture), wanted)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise NotAPicture(f"This is not a {wanted} picture, or it is broken.") from None


def _draw(picture: Image.Image, wanted: str) -> bytes:
    profile = picture.info.get("icc_profile")
    if picture.mode == "P":
        picture = picture.convert("RGBA")
    bare = Image.new(picture.mode, picture.size)
    bare.paste(picture)
    if wanted == "JPEG" and bare.mode not in {"RGB", "L"}:
        bare, profile = bare.convert("RGB"), None
    out = io.BytesIO()
    options = {"icc_profile": profile} if profile else {}
    bare.save(out, wanted, quality=88, **options)
    return out.getvalue()
