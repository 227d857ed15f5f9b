"""Points on the earth in plain SQL: a bounding box that an index can use, then the great circle."""

from dataclasses import dataclass
from math import cos, radians

from django.db.models import F, FloatField, Func, IntegerField, Q, Value
from django.db.models.functions import ASin, Cast, Cos, Least, Power, Radians, Round, Sin, Sqrt

EARTH_RADIUS_M = 6_371_008.8  # mean radius R1 of the IUGG
METRES_A_DEGREE = 111_195.0  # EARTH_RADIUS_M * pi / 180
MAX_RADIUS_KM = 200.0


@dataclass(frozen=True, slots=True)
class Near:
    """Within `radius_km` of a point; for models with float columns `lat` and `lng` in degrees.

    Both sides are rounded by `whole`: PostgreSQL refuses to square the 1e-180 between two almost equal points.
    """

    lat: float
    lng: float
    radius_km: float = MAX_RADIUS_KM

    def __post_init__(self) -> None:
        object.__setattr__(self, "lat", whole(self.lat))
        object.__setattr__(self, "lng", whole(self.lng))

    def box(self) -> Q:
        """What surely contains the circle. Near a pole, every longitude; over the 180th meridian, two sides."""
        reach = self.radius_km * 1000 / METRES_A_DEGREE
        rows = Q(lat__gte=self.lat - reach, lat__lte=self.lat + reach)
        farthest = abs(self.lat) + reach
        if farthest >= 89:
            return rows
        width = reach / cos(radians(farthest))
        west, east = self.lng - width, self.lng + width
        if west < -180:
            return rows & (Q(lng__gte=west + 360) | Q(lng__lte=east))
        if east > 180:
            return rows & (Q(lng__gte=west) | Q(lng__lte=east - 360))
        return rows & Q(lng__gte=west, lng__lte=east)

    def distance_m(self) -> Cast:
        """Haversine in whole metres; `least` because rounding may pass 1, which asin refuses."""
        here = Value(radians(self.lat), FloatField())
        half_lat = (Radians(F("lat")) - here) / Value(2.0)
        half_lng = (Radians(F("lng")) - Value(radians(self.lng), FloatField())) / Value(2.0)
        chord = Power(Sin(half_lat), 2) + Cos(here) * Cos(Radians(F("lat"))) * Power(Sin(half_lng), 2)
        metres: Func = Value(2 * EARTH_RADIUS_M) * ASin(Sqrt(Least(Value(1.0), chord)))  # type: ignore[assignment]
        return Cast(Round(metres, output_field=FloatField()), IntegerField())


def whole(degrees: float) -> float:
    """Degrees to seven decimals, about a centimetre: what is stored and compared."""
    return round(degrees, 7)
