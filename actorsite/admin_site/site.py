"""The admin site: Django's, with a second factor, form recovery and a dashboard."""

from functools import wraps

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.views import redirect_to_login
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.module_loading import import_string
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django_otp.middleware import OTPMiddleware

from actorsite import __version__
from actorsite.admin_site.form_recovery import recover_form


class EditorsSite(admin.AdminSite):
    """Admin site that requires the second factor of users who have one or must have one."""

    def has_permission(self, request):
        """Return whether the user may use the admin: staff without a pending step of the second factor."""
        from actorsite.accounts import mfa

        return super().has_permission(request) and not mfa.pending_step(request)

    def each_context(self, request):
        """Return Django's context with the environment's label and the site's version."""
        return {**super().each_context(request), "environment": settings.ENVIRONMENT_LABEL, "version": __version__}

    def index(self, request, extra_context=None):
        """Return the front page, with the project's dashboard if the setting ADMIN_DASHBOARD names one."""
        dashboard = getattr(settings, "ADMIN_DASHBOARD", None)
        context = {"dashboard": import_string(dashboard)(request.user) if dashboard else None}
        return super().index(request, {**context, **(extra_context or {})})

    def login(self, request, extra_context=None):
        """Show and process the sign-in form. Users who only lack the second factor are redirected to it."""
        from actorsite.accounts import mfa_views

        if request.method == "GET" and super().has_permission(request) and not self.has_permission(request):
            return mfa_views.redirect_to_pending_step(request)
        recovered = recover_form(request)
        response = super().login(request, {"recovered_form": recovered, **(extra_context or {})})
        if not recovered or response.status_code != 302:
            return response
        # The sign-in has changed request.user, and that user's second factor has not been checked.
        request.__dict__.pop("_pending_mfa_step", None)
        return OTPMiddleware(lambda request: mfa_views.resume_form(request, recovered))(request)

    def admin_view(self, view, cacheable=False):
        """Decorate a view of the admin. A form that is sent without permission is kept while the user signs in."""
        default_view = super().admin_view(view, cacheable)

        @wraps(default_view)
        def recovering_view(request, *args, **kwargs):
            if request.method == "POST" and not self.has_permission(request) and (recovered := recover_form(request)):
                return self.sign_in_with(request, recovered)
            return default_view(request, *args, **kwargs)

        return recovering_view

    @method_decorator(never_cache)
    def sign_in_with(self, request, recovered):
        """Return the next page of signing in (403), which contains the ``recovered`` form."""
        from actorsite.accounts import mfa_views

        if super().has_permission(request):
            return mfa_views.resume_form(request, recovered, 403)
        request.current_app = self.name
        context = {
            **self.each_context(request),
            "title": gettext("Log in"),
            "app_path": reverse("admin:login"),
            "form": (self.login_form or AdminAuthenticationForm)(request),
            "username": request.user.get_username(),
            "next": recovered.url,
            "recovered_form": recovered,
        }
        return TemplateResponse(request, self.login_template or "admin/login.html", context, status=403)

    def password_required(self, view):
        """Decorate a view for staff who are signed in, even if their second factor is not checked yet."""

        @never_cache
        @csrf_protect
        @wraps(view)
        def guarded(request, *args, **kwargs):
            if not super(EditorsSite, self).has_permission(request):
                if recovered := recover_form(request):
                    return self.sign_in_with(request, recovered)
                return redirect_to_login(request.get_full_path(), reverse("admin:login"))
            return view(request, *args, **kwargs)

        return guarded

    def get_urls(self):
        """Return the URLs of the second factor, followed by Django's URLs of the admin."""
        from actorsite.accounts import mfa_views as views

        pages = {
            "logout/": (self.logout, "logout"),  # signing out needs no second factor
            "second-factor/": (views.overview_view, "factors"),
            "second-factor/check/": (views.check_view, "factor_check"),
            "second-factor/app/": (views.app_view, "factor_app"),
            "second-factor/codes/": (views.codes_view, "factor_codes"),
            "second-factor/remove/": (views.remove_view, "factor_remove"),
            "second-factor/passkeys/new/": (views.new_passkey, "passkey_new"),
            "second-factor/passkeys/add/": (views.add_passkey, "passkey_add"),
            "second-factor/passkeys/known/": (views.known_passkey, "passkey_known"),
            "second-factor/passkeys/check/": (views.check_passkey, "passkey_check"),
        }
        own = [path(route, self.password_required(view), name=name) for route, (view, name) in pages.items()]
        return own + super().get_urls()
