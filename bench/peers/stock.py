"""Plain Django as in its documentation: ListView, paginator, icontains, default middleware.

CONN_MAX_AGE is read from the environment.
"""

import os

import dj_database_url
import django
from django.conf import settings

from bench.peers import rows

settings.configure(
    SECRET_KEY="for-measuring-only",  # noqa: S106  it signs nothing
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "loaders": [
                    (
                        "django.template.loaders.cached.Loader",
                        [("django.template.loaders.locmem.Loader", {"list.html": ""})],
                    )
                ],
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ],
            },
        }
    ],
    DATABASES={
        "default": dj_database_url.parse(rows.database_url(), conn_max_age=int(os.environ.get("CONN_MAX_AGE", "0")))
    },
)
_pages = """    </ul>
    {% if page_obj.has_previous %}<a href="?page={{ page_obj.previous_page_number }}">Previous</a>{% endif %}
    Page {{ page_obj.number }} of {{ page_obj.paginator.num_pages }}
    {% if page_obj.has_next %}<a href="?page={{ page_obj.next_page_number }}">Next</a>{% endif %}"""
_list = """{% for actor in object_list %}      <li>
        <a href="{% url 'actor' actor.pk %}">{{ actor.first_name }} <b>{{ actor.last_name }}</b></a>
        <span class="years">{{ actor.birth_year|default_if_none:"" }}–{{ actor.death_year|default_if_none:"" }}</span>
        <span class="country">{{ actor.country }}</span>
        <time datetime="{{ actor.last_update|date:'c' }}">{{ actor.last_update|date }}</time>
      </li>
{% endfor %}"""
_text = rows.HEAD + _list + rows.FOOT.replace("    </ul>", _pages, 1)
settings.TEMPLATES[0]["OPTIONS"]["loaders"][0][1][0][1]["list.html"] = _text
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402  after the settings
from django.db import models  # noqa: E402  after the settings
from django.db.models import Q  # noqa: E402  after the settings
from django.urls import path  # noqa: E402  after the settings
from django.views.generic import DetailView, ListView  # noqa: E402  after the settings


class Actor(models.Model):
    """The site's actor table, unmanaged."""

    id = models.AutoField(primary_key=True, db_column="actor_id")
    first_name = models.CharField(max_length=45)
    last_name = models.CharField(max_length=45)
    birth_year = models.PositiveSmallIntegerField(null=True)
    death_year = models.PositiveSmallIntegerField(null=True)
    country = models.CharField(max_length=2)
    last_update = models.DateTimeField()
    sort_last = models.TextField()

    class Meta:
        app_label = "stock"
        db_table = "actor"
        ordering = ["sort_last", "id"]
        managed = False

    def __str__(self):
        return f"{self.first_name} {self.last_name}"


class ActorList(ListView):
    """List of actors, 50 per page, searched by ``q``."""

    model = Actor
    paginate_by = 50
    template_name = "list.html"

    def get_queryset(self):
        """Return the actors whose names contain every word of ``q``."""
        found = super().get_queryset()
        for word in self.request.GET.get("q", "").split():
            found = found.filter(Q(first_name__icontains=word) | Q(last_name__icontains=word))
        return found


urlpatterns = [
    path("", ActorList.as_view()),
    path("actors/<int:pk>/", DetailView.as_view(model=Actor), name="actor"),
]
application = get_wsgi_application()
