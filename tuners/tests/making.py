"""Tuners for tests of this floor and above."""

from core.rls import as_system
from tests.cast import make_user
from tuners.models import TunerProfile


def make_tuner(name="tara", **columns):
    """The verified profile of that person, made when first called for."""
    with as_system("test"):
        user = make_user(name)
        facts = {"business": f"{name.title()} Tuning", "location": "Pune", "lat": 18.52, "lng": 73.85}
        return TunerProfile.objects.get_or_create(user=user, defaults=facts | columns)[0]
