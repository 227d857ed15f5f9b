from django.contrib.admin.apps import AdminConfig


class RevSyncAdminConfig(AdminConfig):
    default_site = "config.admin.RevSyncAdminSite"
