from django.urls import path

from sync.views import protocol
from sync.views.wait import wait

urlpatterns = [
    path("sync/pull/", protocol.PullView.as_view(), name="sync-pull"),
    path("sync/push/", protocol.PushView.as_view(), name="sync-push"),
    path("sync/schema/", protocol.SchemaView.as_view(), name="sync-schema"),
    path("sync/status/", protocol.StatusView.as_view(), name="sync-status"),
    path("sync/rejections/", protocol.RejectionsView.as_view(), name="sync-rejections"),
    path("sync/wait/", wait, name="sync-wait"),
]
