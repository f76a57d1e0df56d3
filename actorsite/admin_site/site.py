"""The admin's site: the stock one, which asks for the second factor too."""

from functools import wraps

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django_otp.middleware import OTPMiddleware

from actorsite.admin_site.form_recovery import recover_form
from actorsite.page_cache.memoize import LRUCache

_app_lists = LRUCache(64)


class EditorsSite(admin.AdminSite):
    """Nothing of it is seen before the second factor, where the account has one or must have one."""

    def has_permission(self, request):
        from actorsite.accounts import mfa

        return super().has_permission(request) and not mfa.pending_step(request)

    def each_context(self, request):
        return {**super().each_context(request), "environment": settings.ENVIRONMENT_LABEL}

    def get_app_list(self, request, app_label=None):
        """Return the stock list, which is on every page; kept for all who have the same permissions.

        Each model is asked for four permissions, and for two addresses. What it
        answers depends on nothing but the permissions of who asks.
        """
        account = request.user
        may = "all" if account.is_active and account.is_superuser else frozenset(account.get_all_permissions())
        apps = _app_lists.get(
            (get_language(), may, request.META["SCRIPT_NAME"], app_label),
            lambda: super(EditorsSite, self).get_app_list(request, app_label),
        )
        return [{**app, "models": [{**model} for model in app["models"]]} for app in apps]

    def index(self, request, extra_context=None):
        """The front page, with what changed last and what wants an editor's eye."""
        from actorsite.admin_site import dashboard

        return super().index(request, {**dashboard.dashboard_context(request.user), **(extra_context or {})})

    def login(self, request, extra_context=None):
        """Sign in, or lead on who has given the password to the second factor."""
        from actorsite.accounts import mfa_views

        if request.method == "GET" and super().has_permission(request) and not self.has_permission(request):
            return mfa_views.redirect_to_pending_step(request)
        found = recover_form(request)
        response = super().login(request, {"held": found, **(extra_context or {})})
        if not found or response.status_code != 302:
            return response
        # It is another account now, of which the second factor must be asked anew.
        request.__dict__.pop("_second_factor_awaited", None)
        return OTPMiddleware(lambda request: mfa_views.resume_form(request, found))(request)

    def admin_view(self, view, cacheable=False):
        """A stock page; a form that who sends it may not send any more, or not yet, goes with them to signing in."""
        stock = super().admin_view(view, cacheable)

        @wraps(stock)
        def holding(request, *args, **kwargs):
            if request.method == "POST" and not self.has_permission(request) and (found := recover_form(request)):
                return self.sign_in_with(request, found)
            return stock(request, *args, **kwargs)

        return holding

    @method_decorator(never_cache)
    def sign_in_with(self, request, found):
        """The page that comes next at signing in, which holds the form ``found``: 403."""
        from actorsite.accounts import mfa_views

        if super().has_permission(request):
            return mfa_views.resume_form(request, found, 403)
        request.current_app = self.name
        context = {
            **self.each_context(request),
            "title": gettext("Log in"),
            "app_path": reverse("admin:login"),
            "form": self.login_form(request),
            "username": request.user.get_username(),
            "next": found.address,
            "held": found,
        }
        return TemplateResponse(request, self.login_template, context, status=403)

    def password_given(self, view):
        """A page for staff who have given the password, and perhaps not the second factor yet."""

        @never_cache
        @csrf_protect
        @wraps(view)
        def guarded(request, *args, **kwargs):
            if not super(EditorsSite, self).has_permission(request):
                if found := recover_form(request):
                    return self.sign_in_with(request, found)
                return redirect_to_login(request.get_full_path(), reverse("admin:login"))
            return view(request, *args, **kwargs)

        return guarded

    def get_urls(self):
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
        own = [path(route, self.password_given(view), name=name) for route, (view, name) in pages.items()]
        return own + super().get_urls()
