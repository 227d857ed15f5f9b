"""Who may use a route at all; whose rows it shows is the queryset's business."""

from typing import TYPE_CHECKING, Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

if TYPE_CHECKING:
    from rest_framework.views import APIView


class _RoleBase(BasePermission):
    roles: frozenset[str] = frozenset()

    def has_permission(self, request: Request, view: "APIView") -> bool:
        user: Any = request.user
        return bool(user.is_authenticated and user.role in self.roles)


def HasRole(*roles: str) -> type[BasePermission]:  # noqa: N802 -- reads like the class that it makes
    """`permission_classes = [HasRole("TUNER", "CREATOR")]`."""
    return type(
        "HasRole" + "".join(role.title() for role in roles), (_RoleBase,), {"roles": frozenset(roles)}
    )
