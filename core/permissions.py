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


class _ScopeBase(BasePermission):
    scope: str = ""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        user: Any = request.user
        if not user.is_authenticated:
            return False
        held = getattr(request.auth, "scopes", None)  # of a staff key; a person's login has none
        if held is not None:
            return self.scope in held
        return bool(user.is_staff and (user.is_superuser or user.groups.filter(name=self.scope).exists()))


def HasScope(scope: str) -> type[BasePermission]:  # noqa: N802 -- reads like the class that it makes
    """A staff key with this scope, or a member of staff in the group of this name (see users/staff.py)."""
    return type("HasScope" + scope.title(), (_ScopeBase,), {"scope": scope})


def HasRole(*roles: str) -> type[BasePermission]:  # noqa: N802 -- reads like the class that it makes
    """`permission_classes = [HasRole("TUNER", "CREATOR")]`."""
    return type(
        "HasRole" + "".join(role.title() for role in roles), (_RoleBase,), {"roles": frozenset(roles)}
    )
