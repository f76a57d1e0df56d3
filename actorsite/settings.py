"""The only settings file. Environment variables set what differs between stages.

Defaults are for production; development opts in with ``DEBUG=true``.
"""

import os
import socket
import sys
from datetime import timedelta
from pathlib import Path

from actorsite.conf import env
from actorsite.observability import logging as logs

BASE_DIR = Path(__file__).resolve().parent.parent

try:
    ENV = env.read_environment(os.environ)
except env.InvalidEnvironmentError as error:
    # The table is needed most when a variable is invalid, but then the command settings_table cannot start.
    if sys.argv[1:2] == ["settings_table"]:
        print(env.settings_table(os.environ))
    sys.exit(str(error))

DEBUG: bool = ENV["DEBUG"]
SECRET_KEY = ENV["SECRET_KEY"]
ALLOWED_HOSTS = ENV["ALLOWED_HOSTS"]
CSRF_TRUSTED_ORIGINS = ENV["CSRF_TRUSTED_ORIGINS"]
TRUSTED_PROXIES = ENV["TRUSTED_PROXIES"]
SECURITY_CONTACT = ENV["SECURITY_CONTACT"]
SERVER_NAME = ENV["DYNO"] or ENV["HOSTNAME"] or socket.gethostname()
FIRST_ADMINISTRATOR = {
    "username": ENV["DJANGO_SUPERUSER_USERNAME"],
    "password": ENV["DJANGO_SUPERUSER_PASSWORD"],
    "email": ENV["DJANGO_SUPERUSER_EMAIL"] or "",
}
RELEASE_PATIENCE = ENV["RELEASE_PATIENCE"]
RELEASE_LOCK_TIMEOUT = ENV["RELEASE_LOCK_TIMEOUT"]
RELEASE_SEED = ENV["RELEASE_SEED"]
# How applications extend `manage.py release`: functions that refuse a database (CommandError) before it is
# migrated, functions that are called with the command's stdout afterwards, and the command for RELEASE_SEED.
RELEASE_CHECKS = ["actors.db.adoption.check_table"]
RELEASE_STEPS = ["actors.db.trigram_indexes.make_trigram_indexes"]
RELEASE_SEED_COMMAND = "seed"

INSTALLED_APPS = [
    "actorsite.conf.apps.AdminSiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    # whitenoise serves static files in development too, as it does in production.
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_countries",
    "actorsite.conf.apps.LockoutConfig",
    "django_otp",
    "actorsite.conf.apps.AuthenticatorAppConfig",
    "actorsite.conf.apps.RecoveryCodeConfig",
    "actors",
    "actorsite",
]

MIDDLEWARE = [
    "actorsite.observability.logging.RequestLogMiddleware",
    "actorsite.observability.health.HealthMiddleware",
    "actorsite.middleware.security_headers.SecurityHeadersMiddleware",
    "actorsite.middleware.trusted_proxy.TrustedProxyMiddleware",
    "actorsite.db.deadlines.RequestDeadlineMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Below whitenoise, whose files are compressed already. It pads responses against BREACH.
    "actorsite.page_cache.compression.CompressionMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "actorsite.middleware.query_string.QueryStringMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

METRICS_PORT = ENV["METRICS_PORT"]
if METRICS_PORT:
    MIDDLEWARE.insert(0, "actorsite.observability.metrics.MetricsMiddleware")

ROOT_URLCONF = "actorsite.urls"
WSGI_APPLICATION = "actorsite.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # Searched before the applications' templates, so that those here override and extend Django's admin templates.
        "DIRS": [BASE_DIR / "actorsite" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Caches in the process's memory. Values from the database are cached by data version (see actorsite.db.data_version).
CACHES = {
    # Values of actorsite.page_cache.memoize: at most about 5 kB each.
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "values",
        "OPTIONS": {"MAX_ENTRIES": 256},
    },
    # Fragments of pages: at most about 10 kB each. In development, nothing is cached, so that edited templates are
    # shown at once.
    "template_fragments": {
        "BACKEND": f"django.core.cache.backends.{'dummy.DummyCache' if DEBUG else 'locmem.LocMemCache'}",
        "LOCATION": "template_fragments",
        "OPTIONS": {"MAX_ENTRIES": 128},
    },
}

DATABASES = {"default": env.database_settings(ENV["DATABASE_URL"], ENV["DATABASE_CONN_MAX_AGE"])}
# The function that returns the version of the data (see actorsite.db.data_version); empty for no page cache.
DATA_VERSION = "actors.db.data_version.current"
CACHE_SECONDS = ENV["CACHE_SECONDS"]
DATABASE_STATEMENT_TIMEOUT = ENV["DATABASE_STATEMENT_TIMEOUT"]
# The sequences of the replaced page are integer.
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
# An account is locked only for the IP address that sent wrong passwords, so that nobody can lock out other users.
# The IP address is REMOTE_ADDR, which actorsite.middleware.trusted_proxy sets.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=ENV["LOCKOUT_MINUTES"])
# Attempts during the lockout window neither extend it nor are counted.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "actorsite.accounts.lockout.locked_out"
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
# Users sometimes type a password into the username field, so usernames are not logged. IP addresses are.
AXES_SENSITIVE_PARAMETERS = ["username"]

ENVIRONMENT_LABEL = ENV["ENVIRONMENT_LABEL"]
STAFF_SECOND_FACTOR = ENV["STAFF_SECOND_FACTOR"]
OTP_TOTP_ISSUER = "Actorsite"
# A function(user) whose result the template admin/dashboard.html gets as `dashboard`, on the admin's front page.
ADMIN_DASHBOARD = "actors.admin.dashboard.dashboard_context"
# Hidden fields, which form recovery does not list: versions, the key of an add form, and the film of a credit's row.
FORM_RECOVERY_HIDDEN = {"prefixes": ["seen", "base", "form_key"], "suffixes": ["-film"]}
# Tables without which `manage.py verify_backup` refuses an archive, as that of another site.
BACKUP_TABLES = ["actor", "django_migrations"]

# At least 12 characters, as OWASP ASVS 5.0 requires (6.2.1 to 6.2.4), not common, not similar to the account's names.
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("UserAttributeSimilarityValidator", {}),
        ("MinimumLengthValidator", {"min_length": 12}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    )
]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
# Searched before the applications' own locale directories, so that these translations take precedence.
LOCALE_PATHS = [BASE_DIR / "actors" / "locale", BASE_DIR / "actorsite" / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "actorsite.server.static_files.CachedManifestStorage"
    },
}

LOGGING = logs.logging_config(ENV["LOG_LEVEL"], ENV["LOG_FORMAT"])

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG
SESSION_COOKIE_HTTPONLY = True
SESSION_ENGINE = "actorsite.accounts.sessions"
SESSION_COOKIE_AGE = ENV["SESSION_HOURS"] * 3600
if not DEBUG:
    # Browsers accept cookies with this prefix only from the host itself and over HTTPS, so that no other
    # subdomain can set one. https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-4.1.3
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
SECURE_HSTS_SECONDS = 0 if DEBUG else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not DEBUG
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "actorsite.errors.csrf_failure"
# W008 demands SECURE_SSL_REDIRECT, which causes an endless loop behind a proxy that sends no X-Forwarded-Proto.
# actorsite.middleware.trusted_proxy redirects to HTTPS if a trusted proxy says that the request came by HTTP.
SILENCED_SYSTEM_CHECKS = ["security.W008"]
