from django.urls import path

from core.files import views

urlpatterns = [
    path("files/presign/", views.PresignView.as_view()),
    path("files/<uuid:file_id>/", views.FileView.as_view()),
    path("files/<uuid:file_id>/complete/", views.CompleteView.as_view()),
    path("files/<uuid:file_id>/public/", views.PublicFileView.as_view()),
    path("files/upload/<str:token>/", views.UploadView.as_view()),
    path("files/download/<str:token>/", views.DownloadView.as_view()),
]
