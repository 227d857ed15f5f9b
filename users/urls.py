from django.urls import path

from users.views import account, addresses, devices, federation, login, passwords, people, phones, sessions

urlpatterns = [
    path("auth/register/", login.RegisterView.as_view()),
    path("auth/login/", login.LoginView.as_view()),
    path("auth/refresh/", login.RefreshView.as_view()),
    path("auth/logout/", login.LogoutView.as_view()),
    path("auth/logout-all/", login.LogoutAllView.as_view()),
    path("auth/reauthenticate/", login.ReauthenticateView.as_view()),
    path("auth/exchange/", federation.ExchangeView.as_view()),
    path("auth/identities/", federation.IdentityList.as_view()),
    path("auth/identities/<uuid:pk>/", federation.IdentityDetail.as_view()),
    path("auth/profile/", people.ProfileView.as_view()),
    path("auth/sessions/", sessions.SessionList.as_view()),
    path("auth/sessions/revoke-others/", sessions.RevokeOthersView.as_view()),
    path("auth/sessions/<uuid:pk>/revoke/", sessions.RevokeView.as_view()),
    path("auth/devices/", devices.DeviceList.as_view()),
    path("auth/devices/<uuid:pk>/", devices.DeviceDetail.as_view()),
    path("auth/password-change/", passwords.ChangeView.as_view()),
    path("auth/password-reset/", passwords.ResetView.as_view()),
    path("auth/password-reset-confirm/", passwords.ResetConfirmView.as_view()),
    path("auth/email/verify/", addresses.VerifyView.as_view()),
    path("auth/email/change/", addresses.ChangeView.as_view()),
    path("auth/phone/request-otp/", phones.RequestView.as_view()),
    path("auth/phone/resend-otp/", phones.ResendView.as_view()),
    path("auth/phone/verify-otp/", phones.VerifyView.as_view()),
    path("auth/phone/login/", phones.LoginView.as_view()),
    path("auth/phone/verification-status/", phones.StatusView.as_view()),
    path("auth/account/export/", account.ExportView.as_view()),
    path("auth/account/delete/", account.DeleteView.as_view()),
    path("users/<uuid:pk>/", people.PublicProfileView.as_view()),
]

aliases = [
    path("auth/signup/", login.SignupAlias.as_view()),
    path("auth/password-reset/request/", passwords.ResetAlias.as_view()),
    path("users/me/", people.MeAlias.as_view()),
]
