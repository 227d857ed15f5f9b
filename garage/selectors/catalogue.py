"""The version key of the catalogue."""

from django.db.models import Q

from garage.models import CatalogueState


def catalogue_version() -> str:
    """Changes with every change of any type, brand or model, whoever made it; "" while there is none."""
    version = CatalogueState.objects.filter(pk=1).values_list("version", flat=True).first()
    return version.hex if version else ""


def named(column: str, words: str) -> Q:
    """Rows whose `column` or brand has all these words."""
    found = Q()
    for word in words.split()[:8]:
        found &= (
            Q(**{f"{column}__icontains": word})
            | Q(brand__name__icontains=word)
            | Q(generation__icontains=word)
        )
    return found
