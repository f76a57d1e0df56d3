"""Passkeys (WebAuthn): options for the browser, and verification of its responses by py_webauthn.

py_webauthn is imported when it is first needed: with its dependencies, the import takes
16 MB and one second, which every process and command would otherwise need.
"""

from django.http.request import split_domain_port
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext

from actorsite.accounts.models import Passkey

CHALLENGE_SESSION_KEY = "passkey_challenge"


class PasskeyError(Exception):
    """The browser's response is not valid. The message is shown to the user."""


def _site(request):
    return split_domain_port(request.get_host())[0]


def _origins(request):
    # Browsers offer passkeys only on HTTPS and localhost, so an http:// origin is localhost. Behind a proxy that
    # does not forward the scheme, the request's own scheme may be wrong.
    return [f"{scheme}://{request.get_host()}" for scheme in ("https", "http")]


def _credentials_of(account):
    from webauthn import base64url_to_bytes
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

    keys = Passkey.objects.filter(user=account, confirmed=True).values_list("credential_id", flat=True)
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(key)) for key in keys]


def _store_challenge(request, options):
    from webauthn.helpers import bytes_to_base64url, options_to_json_dict

    request.session[CHALLENGE_SESSION_KEY] = bytes_to_base64url(options.challenge)
    return options_to_json_dict(options)


def _take_challenge(request):
    """Return the session's challenge and remove it, so that no second response can use it."""
    from webauthn import base64url_to_bytes

    challenge = request.session.pop(CHALLENGE_SESSION_KEY, None)
    if challenge is None:
        raise PasskeyError(gettext("This page has expired. Reload it."))
    return base64url_to_bytes(challenge)


def registration_options(request) -> dict:
    """Return the options of navigator.credentials.create for a new passkey of the user."""
    from webauthn import generate_registration_options
    from webauthn.helpers.structs import AuthenticatorSelectionCriteria, ResidentKeyRequirement

    name = request.user.get_username()
    options = generate_registration_options(
        rp_id=_site(request),
        rp_name="Actorsite",
        user_name=name,
        # The user handle is the same for all passkeys of a user, and reveals nothing about the user.
        user_id=salted_hmac("actorsite.accounts.webauthn", str(request.user.pk), algorithm="sha256").digest(),
        user_display_name=request.user.get_full_name() or name,
        exclude_credentials=_credentials_of(request.user),
        authenticator_selection=AuthenticatorSelectionCriteria(resident_key=ResidentKeyRequirement.PREFERRED),
    )
    return _store_challenge(request, options)


def register_passkey(request, credential: dict, name: str) -> Passkey:
    """Store the passkey in ``credential``, the browser's response to registration_options. Raises PasskeyError."""
    from webauthn import verify_registration_response
    from webauthn.helpers import bytes_to_base64url

    verified = _verify(
        verify_registration_response,
        credential=credential,
        expected_challenge=_take_challenge(request),
        expected_rp_id=_site(request),
        expected_origin=_origins(request),
    )
    key, new = Passkey.objects.get_or_create(
        credential_id=bytes_to_base64url(verified.credential_id),
        defaults={
            "user": request.user,
            "name": name.strip()[:64] or gettext("Passkey"),
            "public_key": verified.credential_public_key,
            "sign_count": verified.sign_count,
        },
    )
    if not new:
        raise PasskeyError(gettext("This passkey is already registered."))
    return key


def authentication_options(request) -> dict:
    """Return the options of navigator.credentials.get for the user's passkeys."""
    from webauthn import generate_authentication_options

    return _store_challenge(
        request, generate_authentication_options(rp_id=_site(request), allow_credentials=_credentials_of(request.user))
    )


def verify_assertion(request, credential: dict) -> Passkey:
    """Return the user's passkey that signed ``credential``, and store its new counter. Raises PasskeyError."""
    from webauthn import verify_authentication_response

    challenge = _take_challenge(request)
    identifier = str(credential.get("id"))
    key = Passkey.objects.filter(user=request.user, confirmed=True, credential_id=identifier).first()
    if key is None:
        raise PasskeyError(gettext("This passkey does not belong to this account."))
    verified = _verify(
        verify_authentication_response,
        credential=credential,
        expected_challenge=challenge,
        expected_rp_id=_site(request),
        expected_origin=_origins(request),
        credential_public_key=bytes(key.public_key),
        credential_current_sign_count=key.sign_count,
    )
    key.sign_count = verified.new_sign_count
    key.set_last_used_timestamp(commit=False)
    key.save(update_fields=["sign_count", "last_used_at"])
    return key


def _verify(verify, **arguments):
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        return verify(**arguments)
    except (WebAuthnException, ValueError, TypeError, KeyError, AttributeError) as error:
        raise PasskeyError(gettext("The passkey was not accepted.")) from error
