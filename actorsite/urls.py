"""Every URL of the site."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("actors.urls")),
    path("admin/", admin.site.urls),
]

handler403 = "actorsite.errors.forbidden"
handler404 = "actorsite.errors.not_found"
handler500 = "actorsite.errors.server_error"
