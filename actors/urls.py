"""The public URLs."""

from django.urls import path, re_path

from actors.api import docs
from actors.api import views as api
from actors.web import feeds, language_choice, sitemaps, views, wellknown

urlpatterns = [
    path("", views.actor_list, name="list"),
    path("actors/", views.to_list, name="to-list"),
    path("actors.json", api.actors_json, name="actors-json"),
    path("actors.csv", api.actors_csv, name="actors-csv"),
    path("actors.ndjson", api.actors_ndjson, name="actors-ndjson"),
    # A URL with a wrong, truncated or missing slug is redirected to the correct one.
    re_path(r"^actors/(?P<pk>[1-9][0-9]{0,9})(?:-(?P<slug>[^/]*))?/$", views.actor, name="actor"),
    re_path(r"^actors/(?P<pk>[1-9][0-9]{0,9})(?:-(?P<slug>[^/]*))?\.json$", api.actor_json, name="actor-json"),
    path("films/", views.film_list, name="films"),
    path("films.json", api.films_json, name="films-json"),
    path("films.csv", api.films_csv, name="films-csv"),
    path("films.ndjson", api.films_ndjson, name="films-ndjson"),
    re_path(r"^films/(?P<pk>[1-9][0-9]{0,9})(?:-(?P<slug>[^/]*))?/$", views.film, name="film"),
    re_path(r"^films/(?P<pk>[1-9][0-9]{0,9})(?:-(?P<slug>[^/]*))?\.json$", api.film_json, name="film-json"),
    path("language/", language_choice.choose, name="language"),
    path("spotlight/", views.spotlight, name="spotlight"),
    path("api/", docs.api_docs, name="api"),
    path("openapi.json", api.openapi_json, name="openapi"),
    path("feed/", feeds.recent_changes, name="feed"),
    path("sitemap.xml", sitemaps.sitemap, name="sitemap"),
    path("sitemap-<str:kind>-<int:part>.xml", sitemaps.sitemap_part, name="sitemap-part"),
    path("favicon.ico", wellknown.favicon, name="favicon"),
    path("robots.txt", wellknown.robots, name="robots"),
    path(".well-known/security.txt", wellknown.security, name="security"),
]
