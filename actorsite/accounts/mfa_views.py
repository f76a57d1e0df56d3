"""The pages of the second factor: the check at signing in, and each account's own factors."""

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
from actorsite.admin_site.form_recovery import recover_form
from actorsite.models import Passkey

NEW_DEVICE_KEY = "second_factor_key"


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autofocus": True, "autocapitalize": "none", "spellcheck": "false"}
        ),
    )

    def clean_code(self):
        return mfa.normalize_code(self.cleaned_data["code"])


def render_page(request, name, title, status=200, **context):
    """Answer with one of the pages, in the admin's look."""
    request.current_app = admin.site.name
    context = {**admin.site.each_context(request), "title": title, **context}
    return TemplateResponse(request, f"admin/factors/{name}.html", context, status=status)


def next_url(request):
    """Return the address that ``next`` names, if it is one of ours; else the admin's front page."""
    wanted = request.POST.get("next") or request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if safe else reverse("admin:index")


def redirect_to_pending_step(request):
    """Redirect who is signed in to what is awaited: the check, or setting up a factor."""
    name = {"check": "factor_check", "enrolment": "factors"}[mfa.pending_step(request)]
    return HttpResponseRedirect(f"{reverse(f'admin:{name}')}?{urlencode({'next': next_url(request)})}")


def own_factors_only(view):
    """A page for who may deal with the account's factors: verified, or without any."""

    def guarded(request, *args, **kwargs):
        if mfa.pending_step(request) == "check":
            return redirect_to_pending_step(request)
        return view(request, *args, **kwargs)

    return guarded


def resume_form(request, found, status=200):
    """Answer who has given the password, with a form ``found`` that was sent in vain: the check, or the form's page."""
    if mfa.pending_step(request) == "check":
        return check_page(request, CodeForm(), status, found)
    return render_page(request, "held", gettext("Your form is not saved yet"), status, held=found)


def check_page(request, form, status=200, found=None):
    keys = Passkey.objects.filter(user=request.user, confirmed=True).exists()
    address = found.address if found else next_url(request)
    context = {"form": form, "next": address, "has_passkeys": keys, "held": found}
    return render_page(request, "check", gettext("Second factor"), status, **context)


def check_view(request):
    """Ask for a code or a passkey, between the password and the pages."""
    found = recover_form(request)
    if mfa.pending_step(request) != "check":
        return resume_form(request, found) if found else HttpResponseRedirect(next_url(request))
    account = {"username": request.user.get_username()}
    if not AxesProxyHandler.is_allowed(request, account):
        return locked_out(request)
    form = CodeForm(request.POST if request.method == "POST" else None)
    status = 200
    if form.is_valid():
        code = form.cleaned_data["code"]
        device = mfa.device_for(request.user, code)
        if device and (wait := mfa.seconds_to_wait(device)):
            said = ngettext(
                "After wrong codes, the next one counts in %(wait)d second.",
                "After wrong codes, the next one counts in %(wait)d seconds.",
                wait,
            )
            form.add_error("code", said % {"wait": wait})
            status = 429
        elif device and mfa.verify_code(request.user, device, code):
            mfa.pass_check(request, device)
            return resume_form(request, found) if found else HttpResponseRedirect(next_url(request))
        else:
            form.add_error("code", gettext("This code is wrong, or was used before."))
            # django-axes counts it as a wrong password, and answers 429 in place of this page from the fifth on.
            user_login_failed.send(sender=__name__, credentials=account, request=request)
    return check_page(request, form, status, found)


@own_factors_only
def overview_view(request):
    """The account's factors, and what can be done with them."""
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
    """Set up an authenticator app: shows its secret, and keeps it once a code proves that the app has it."""
    key = request.session.get(NEW_DEVICE_KEY)
    if request.method == "POST" and key:
        form = CodeForm(request.POST)
        if form.is_valid():
            if device := mfa.confirm_app(request.user, key, form.cleaned_data["code"]):
                del request.session[NEW_DEVICE_KEY]
                mfa.pass_check(request, device)
                messages.success(request, gettext("The app is set up. Now make recovery codes, in case you lose it."))
                return HttpResponseRedirect(after_set_up(request))
            form.add_error("code", gettext("This code is wrong. Is the clock of your device right?"))
    else:
        form, key = CodeForm(), random_hex(20)
        request.session[NEW_DEVICE_KEY] = key
    address = mfa.app_address(request.user, key)
    secret = address.partition("secret=")[2].partition("&")[0]
    spaced = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    return render_page(
        request, "app", gettext("Set up an authenticator app"), form=form, qr=mfa.qr_code(address), secret=spaced
    )


def after_set_up(request):
    """Return the address of what comes next: who has no recovery codes is to make some before the rest."""
    return reverse("admin:factors" if mfa.recovery_codes_left(request.user) else "admin:factor_codes")


@own_factors_only
def codes_view(request):
    """Ask to make recovery codes where there are none; POST: make new ones, and show them this once."""
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
    """Take away the app, or one passkey: POST ``what``, "app" or the passkey's number."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    what = request.POST.get("what", "")
    number = int(what) if what.isascii() and what.isdigit() and len(what) < 10 else None
    if mfa.remove_device(request.user, "app" if what == "app" else "passkey", number):
        messages.success(request, gettext("It is removed."))
    return HttpResponseRedirect(reverse("admin:factors"))


def json_view(view):
    """An address for the script of the passkeys: POST with JSON, answered with JSON."""

    def answered(request):
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            told = json.loads(request.body or b"{}")
            told = told if isinstance(told, dict) else {}
            if not isinstance(told.setdefault("answer", {}), dict):
                told["answer"] = {}
            return JsonResponse(view(request, told))
        except webauthn.PasskeyRefused as refused:
            return JsonResponse({"message": str(refused)}, status=400)
        except (ValueError, RecursionError):
            return JsonResponse({"message": gettext("The passkey was not accepted.")}, status=400)

    return answered


@own_factors_only
@json_view
def new_passkey(request, told):
    return webauthn.registration_options(request)


@own_factors_only
@json_view
def add_passkey(request, told):
    key = webauthn.register_passkey(request, told["answer"], str(told.get("name", "")))
    mfa.pass_check(request, key)
    messages.success(request, gettext("The passkey is set up. Make recovery codes too, in case you lose it."))
    return {"next": after_set_up(request)}


@json_view
def known_passkey(request, told):
    return webauthn.authentication_options(request)


@json_view
def check_passkey(request, told):
    mfa.pass_check(request, webauthn.verify_assertion(request, told["answer"]))
    wanted = str(told.get("next", ""))
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return {"next": wanted if safe else reverse("admin:index")}
