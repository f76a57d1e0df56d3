"""Pages of the second factor: the check after the password, and the pages where users manage their factors."""

import json
from urllib.parse import urlencode

from axes.handlers.proxy import AxesProxyHandler
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.signals import user_login_failed
from django.http import HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp.util import random_hex

from actorsite.accounts import mfa, webauthn
from actorsite.accounts.lockout import locked_out
from actorsite.accounts.models import Passkey
from actorsite.admin_site.form_recovery import recover_form

NEW_DEVICE_KEY = "second_factor_key"


class CodeForm(forms.Form):
    """Form for a code of an authenticator app or a recovery code."""

    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autofocus": True, "autocapitalize": "none", "spellcheck": "false"}
        ),
    )

    def clean_code(self):
        """Return the code without the spaces and hyphens that people type."""
        return mfa.normalize_code(self.cleaned_data["code"])


def render_page(request, name, title, status=200, **context):
    """Return the template admin/factors/``name``.html as a response, in the layout of the admin."""
    request.current_app = admin.site.name
    context = {**admin.site.each_context(request), "title": title, **context}
    return TemplateResponse(request, f"admin/factors/{name}.html", context, status=status)


def next_url(request):
    """Return the URL in ``next`` if it is on this site, otherwise the admin's front page."""
    return _safe_url(request, request.POST.get("next") or request.GET.get("next", ""))


def _safe_url(request, url):
    safe = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return url if safe else reverse("admin:index")


def redirect_to_pending_step(request):
    """Redirect to the user's pending step: entering the second factor, or setting one up."""
    name = {"check": "factor_check", "enrolment": "factors"}[mfa.pending_step(request)]
    return HttpResponseRedirect(f"{reverse(f'admin:{name}')}?{urlencode({'next': next_url(request)})}")


def own_factors_only(view):
    """Decorate a view for users who may manage their factors: those verified, or without any factor."""

    def guarded(request, *args, **kwargs):
        if mfa.pending_step(request) == "check":
            return redirect_to_pending_step(request)
        return view(request, *args, **kwargs)

    return guarded


def resume_form(request, recovered, status=200):
    """Return the next page of signing in with a recovered form: the check, or the page that sends the form again."""
    if mfa.pending_step(request) == "check":
        return check_page(request, CodeForm(), status, recovered)
    title = gettext("Your form is not saved yet")
    return render_page(request, "recovered_form", title, status, recovered_form=recovered)


def check_page(request, form, status=200, recovered=None):
    """Return the page that asks for the second factor, with ``form`` and, if given, the ``recovered`` form."""
    has_passkeys = Passkey.objects.filter(user=request.user, confirmed=True).exists()
    url = recovered.url if recovered else next_url(request)
    context = {"form": form, "next": url, "has_passkeys": has_passkeys, "recovered_form": recovered}
    return render_page(request, "check", gettext("Second factor"), status, **context)


def check_view(request):
    """Ask for the second factor, a code or a passkey, once the password is accepted."""
    recovered = recover_form(request)
    if mfa.pending_step(request) != "check":
        return resume_form(request, recovered) if recovered else HttpResponseRedirect(next_url(request))
    account = {"username": request.user.get_username()}
    if not AxesProxyHandler.is_allowed(request, account):
        return locked_out(request)
    form = CodeForm(request.POST if request.method == "POST" else None)
    status = 200
    if form.is_valid():
        code = form.cleaned_data["code"]
        device = mfa.device_for(request.user, code)
        if device and (wait := mfa.seconds_to_wait(device)):
            message = ngettext(
                "Too many wrong codes. Wait %(wait)d second, then try again.",
                "Too many wrong codes. Wait %(wait)d seconds, then try again.",
                wait,
            )
            form.add_error("code", message % {"wait": wait})
            status = 429
        elif device and mfa.verify_code(request.user, device, code):
            mfa.pass_check(request, device)
            return resume_form(request, recovered) if recovered else HttpResponseRedirect(next_url(request))
        else:
            form.add_error("code", gettext("This code is wrong or was already used."))
            # django-axes counts this as a wrong password and replaces this page with a 429 from the fifth failure on.
            user_login_failed.send(sender=__name__, credentials=account, request=request)
    return check_page(request, form, status, recovered)


@own_factors_only
def overview_view(request):
    """Show the user's factors and what can be done with them."""
    return render_page(
        request,
        "overview",
        gettext("Your second factor"),
        app=TOTPDevice.objects.filter(user=request.user, confirmed=True).first(),
        passkeys=Passkey.objects.filter(user=request.user, confirmed=True),
        codes=mfa.recovery_codes_left(request.user),
        required=mfa.pending_step(request) == "enrolment",
        next=next_url(request),
    )


@own_factors_only
def app_view(request):
    """Set up an authenticator app: show its secret, and save it once a code proves that the app has it."""
    key = request.session.get(NEW_DEVICE_KEY)
    if request.method == "POST" and key:
        form = CodeForm(request.POST)
        if form.is_valid():
            if device := mfa.confirm_app(request.user, key, form.cleaned_data["code"]):
                del request.session[NEW_DEVICE_KEY]
                mfa.pass_check(request, device)
                messages.success(
                    request, gettext("The authenticator app is set up. Now create recovery codes, in case you lose it.")
                )
                return HttpResponseRedirect(after_set_up(request))
            form.add_error("code", gettext("This code is wrong. Check the code and the clock of your device."))
    else:
        form, key = CodeForm(), random_hex(20)
        request.session[NEW_DEVICE_KEY] = key
    url = mfa.provisioning_uri(request.user, key)
    secret = url.partition("secret=")[2].partition("&")[0]
    spaced = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    return render_page(
        request, "app", gettext("Set up an authenticator app"), form=form, qr=mfa.qr_code(url), secret=spaced
    )


def after_set_up(request):
    """Return the URL of the next page: recovery codes for users who have none, otherwise the overview."""
    return reverse("admin:factors" if mfa.recovery_codes_left(request.user) else "admin:factor_codes")


@own_factors_only
def codes_view(request):
    """Offer to create recovery codes if the user has none left. On POST, create new ones and show them once."""
    if not mfa.has_second_factor(request.user):
        messages.error(request, gettext("Set up an app or a passkey first."))
        return HttpResponseRedirect(reverse("admin:factors"))
    if request.method != "POST":
        if mfa.recovery_codes_left(request.user):
            return HttpResponseRedirect(reverse("admin:factors"))
        return render_page(request, "codes", gettext("Recovery codes"))
    return render_page(request, "codes", gettext("Your recovery codes"), codes=mfa.new_recovery_codes(request.user))


@own_factors_only
def remove_view(request):
    """Remove the app or a passkey. ``what`` in the POST data is "app" or the passkey's id."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    what = request.POST.get("what", "")
    number = int(what) if what.isascii() and what.isdigit() and len(what) < 10 else None
    text = gettext("The authenticator app was removed.")
    if what != "app":
        names = Passkey.objects.filter(user=request.user, pk=number).values_list("name", flat=True)
        text = gettext("The passkey “%(name)s” was removed.") % {"name": names.first()}
    if mfa.remove_device(request.user, "app" if what == "app" else "passkey", number):
        messages.success(request, text)
    return HttpResponseRedirect(reverse("admin:factors"))


def json_view(view):
    """Decorate a view for the passkey script: the request is a POST with JSON, and the response is JSON."""

    def json_response(request):
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            data = json.loads(request.body or b"{}")
            data = data if isinstance(data, dict) else {}
            if not isinstance(data.setdefault("credential", {}), dict):
                data["credential"] = {}
            return JsonResponse(view(request, data))
        except webauthn.PasskeyError as error:
            return JsonResponse({"message": str(error)}, status=400)
        except (ValueError, RecursionError):
            return JsonResponse({"message": gettext("The passkey was not accepted.")}, status=400)

    return json_response


@own_factors_only
@json_view
def new_passkey(request, data):
    """Return the options for the browser to create a passkey."""
    return webauthn.registration_options(request)


@own_factors_only
@json_view
def add_passkey(request, data):
    """Store the new passkey and mark the session as verified. Return the URL of the next page."""
    key = webauthn.register_passkey(request, data["credential"], str(data.get("name", "")))
    mfa.pass_check(request, key)
    messages.success(request, gettext("The passkey is set up. Create recovery codes too, in case you lose it."))
    return {"next": after_set_up(request)}


@json_view
def known_passkey(request, data):
    """Return the options for the browser to sign in with a passkey."""
    return webauthn.authentication_options(request)


@json_view
def check_passkey(request, data):
    """Verify a passkey's response and mark the session as verified. Return the URL of the next page."""
    mfa.pass_check(request, webauthn.verify_assertion(request, data["credential"]))
    return {"next": _safe_url(request, str(data.get("next", "")))}
