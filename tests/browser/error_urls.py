"""The site's URLs, and one for each error that a browser test cannot cause otherwise."""

from django.core.exceptions import PermissionDenied
from django.shortcuts import render
from django.urls import path

from actorsite.urls import urlpatterns as site


def refuse(request):
    raise PermissionDenied


def fail(request):
    raise RuntimeError("as asked")


def unavailable(request):
    return render(request, "503.html", status=503)


def forged(request):
    return render(request, "403_csrf.html", status=403)


urlpatterns = [
    *site,
    path("403/", refuse),
    path("403-csrf/", forged),
    path("500/", fail),
    path("503/", unavailable),
]
