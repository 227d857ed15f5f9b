from django.urls import path

from users import views

urlpatterns = [
    path("auth/register/", views.RegisterView.as_view()),
    path("auth/login/", views.LoginView.as_view()),
    path("auth/refresh/", views.RefreshView.as_view()),
    path("auth/logout/", views.LogoutView.as_view()),
    path("auth/logout-all/", views.LogoutAllView.as_view()),
    path("auth/profile/", views.ProfileView.as_view()),
]

aliases = [
    path("auth/signup/", views.RegisterView.as_view()),
    path("users/me/", views.ProfileView.as_view()),
]
