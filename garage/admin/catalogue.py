"""Staff edit the catalogue; what they touch, the loader leaves alone."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from garage.models import VehicleBrand, VehicleModel, VehicleType


class CatalogueAdmin(ModelAdmin):
    readonly_fields = ("edited", "updated_at")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.edited = True
        super().save_model(request, obj, form, change)


@admin.register(VehicleType)
class VehicleTypeAdmin(CatalogueAdmin):
    list_display = ("name", "code", "edited")
    search_fields = ("name", "code")
    fields = ("name", "code", *CatalogueAdmin.readonly_fields)


@admin.register(VehicleBrand)
class VehicleBrandAdmin(CatalogueAdmin):
    list_display = ("name", "country", "code", "edited")
    list_filter = ("country", "edited")
    search_fields = ("name", "code")
    fields = ("name", "code", "country", "wmi", *CatalogueAdmin.readonly_fields)


@admin.register(VehicleModel)
class VehicleModelAdmin(CatalogueAdmin):
    list_display = (
        "name",
        "generation",
        "brand",
        "vehicle_type",
        "year_from",
        "year_to",
        "fuel_type",
        "edited",
    )
    list_filter = ("vehicle_type", "brand", "fuel_type", "edited")
    list_filter_sheet = True
    search_fields = ("name", "generation", "code", "brand__name")
    autocomplete_fields = ("brand", "vehicle_type")

    def get_queryset(self, request: HttpRequest) -> QuerySet[VehicleModel]:
        rows: QuerySet[VehicleModel] = super().get_queryset(request)
        return rows.select_related("brand", "vehicle_type")
