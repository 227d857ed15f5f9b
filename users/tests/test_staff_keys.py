"""Staff keys: shown once, kept as a hash, good for their scopes, from their networks, until their end."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import override_settings
from django.urls import path
from rest_framework.response import Response

from core import clock
from core.models import AuditEvent
from core.testing.client import RiderClient
from tests.cast import login, make_user
from users.models import ApiKey, AppSession, User, UserDevice
from users.models.keys import Scope
from users.staff import StaffView, make_key, revoke_key

pytestmark = [pytest.mark.django_db, pytest.mark.urls("users.tests.test_staff_keys")]


class DeviceCount(StaffView):
    """All devices of all people: what only staff may count."""

    scope = Scope.SUPPORT

    def get(self, request):
        shops = sorted(str(shop) for shop in getattr(request.auth, "locations", ()))
        return Response({"devices": UserDevice.objects.count(), "who": str(request.user), "shops": shops})

    def post(self, request):
        return Response({"changed": UserDevice.objects.update(name="seen by staff")})


urlpatterns = [path("api/v1/staff/test/", DeviceCount.as_view())]
URL = "/api/v1/staff/test/"


@pytest.fixture(autouse=True)
def devices():
    for name in ["alice", "bob"]:
        UserDevice.objects.create(user=make_user(name), device_id="phone")


def key_client(**fields):
    row, text = make_key(
        **{"name": "Workshop tablet", "scopes": ["support"], "created_by": make_user("sam"), **fields}
    )
    client = RiderClient()
    client.credentials(HTTP_X_API_KEY=text)
    return row, text, client


def test_a_key_sees_all_rows_and_is_kept_as_a_hash():
    row, text, client = key_client()
    assert client.get(URL).json() == {"devices": 2, "who": "Workshop tablet", "shops": []}
    row.refresh_from_db()
    assert row.last_used_at is not None
    assert text.startswith(row.prefix)
    assert text not in str(ApiKey.objects.values().get())
    assert AuditEvent.objects.filter(action="api_key.create", target=str(row.pk)).count() == 1


def test_a_write_is_audited_with_its_key():
    row, _, client = key_client()
    assert client.post(URL).json() == {"changed": 2}
    event = AuditEvent.objects.get(action="staff.call")
    assert (event.actor, event.data) == (row.pk, {"method": "POST", "key": True})


def refused(client):
    answer = client.get(URL)
    return answer.status_code, answer.json()["code"]


def test_a_wrong_ended_or_expired_key_or_one_from_elsewhere():
    row, text, client = key_client(expires_at=clock.now() + timedelta(minutes=1))
    assert client.get(URL).status_code == 200
    ApiKey.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    assert refused(client) == (401, "api_key_invalid")
    row, text, client = key_client(networks=["203.0.113.0/24", "2001:db8::/32"])
    assert refused(client) == (401, "api_key_invalid")
    assert client.get(URL, REMOTE_ADDR="203.0.113.9").status_code == 200
    assert client.get(URL, REMOTE_ADDR="2001:db8::5").status_code == 200
    row, text, client = key_client()
    revoke_key(row, by=make_user("sam"))
    assert refused(client) == (401, "api_key_invalid")
    client.credentials(HTTP_X_API_KEY=text[:-1] + ("a" if text[-1] != "a" else "b"))
    assert refused(client) == (401, "api_key_invalid")


def test_a_key_without_the_scope_is_refused():
    _, _, client = key_client(scopes=["finance"])
    assert refused(client) == (403, "permission_denied")


def test_wrong_keys_are_counted_by_address(throttled):
    throttled(api_key_ip="2/min")
    client = RiderClient()
    client.credentials(HTTP_X_API_KEY="rs_wrong")
    assert [client.get(URL).status_code for _ in range(3)] == [401, 401, 429]


def test_staff_enter_by_their_own_login_if_their_group_may():
    tess = make_user("tess", is_staff=True)
    assert refused(login(tess)) == (403, "permission_denied")
    tess.groups.add(Group.objects.get_or_create(name="support")[0])
    assert login(tess).get(URL).json()["devices"] == 2
    assert login(make_user("sam")).get(URL).json()["devices"] == 2
    assert refused(login(make_user("alice"))) == (403, "permission_denied")
    assert refused(RiderClient()) == (401, "not_authenticated")


def test_the_development_key_opens_nothing_in_production():
    client = RiderClient()
    client.credentials(HTTP_X_API_KEY="for-development")
    with override_settings(STAFF_API_KEY="for-development", PRODUCTION=False):
        assert client.get(URL).json()["who"] == "development key"
    with override_settings(STAFF_API_KEY="for-development", PRODUCTION=True):
        assert refused(client) == (401, "api_key_invalid")


@override_settings(ROOT_URLCONF="config.urls")
def test_a_key_is_no_login_for_people():
    _, _, client = key_client(scopes=Scope.values)
    for url in ["auth/profile/", "auth/sessions/", "auth/devices/"]:
        assert client.get(f"/api/v1/{url}").status_code == 401
    assert (User.objects.count(), AppSession.objects.count()) == (3, 0)
