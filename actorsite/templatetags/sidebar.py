"""The admin's side bar, which is on every page of it."""

from urllib.parse import quote

from django import template
from django.template.loader import render_to_string
from django.utils.translation import get_language

from actorsite.page_cache.memoize import LRUCache

register = template.Library()

_kept = LRUCache(64)


@register.simple_tag(takes_context=True)
def kept_sidebar(context):
    """Return the stock side bar, kept for all who may see the same of it, at the same place, in the same language."""
    apps, request = context["available_apps"], context["request"]
    here = quote(request.path)
    key = (get_language(), *(_part(app, here) for app in apps))
    return _kept.get(key, lambda: _render(apps, request))


def _part(app, here):
    """Return what the stock template says of an application, as far as it is not the same for all."""
    models = ((model["object_name"], *map(model.get, ("admin_url", "add_url", "view_only"))) for model in app["models"])
    url = app["app_url"]
    return app["app_label"], url, url in here, *((*model, bool(model[1]) and model[1] in here) for model in models)


def _render(apps, request):
    return render_to_string("admin/nav_sidebar.html", {"available_apps": apps, "request": request})
