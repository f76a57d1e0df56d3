// Creates and uses passkeys. The rest of the second factor works without scripts.
"use strict";

async function post(url, content, token) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token },
    body: JSON.stringify(content),
  });
  const data = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(data.message || response.statusText);
  return data;
}

for (const form of document.querySelectorAll("form.passkey")) {
  if (!window.PublicKeyCredential?.parseCreationOptionsFromJSON) continue;
  form.hidden = false;
  for (const hint of document.querySelectorAll(".without-script")) hint.hidden = true;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const error = form.querySelector("[role=alert]");
    error.hidden = true;
    const token = form.elements.csrfmiddlewaretoken.value;
    try {
      const options = await post(form.dataset.optionsUrl, {}, token);
      const credential =
        form.dataset.kind === "new"
          ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
          : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
      const result = await post(
        form.dataset.verifyUrl,
        { credential: credential.toJSON(), name: form.elements.name?.value, next: form.elements.next?.value },
        token,
      );
      const check = document.querySelector("#check-form");
      // The recovered form is in the page's other form, which needs no code after a passkey.
      if (check?.elements.recovered_form) {
        check.noValidate = true;
        check.requestSubmit();
      } else location.assign(result.next);
    } catch (exception) {
      // The browser's own message for a canceled request does not help users.
      error.textContent = exception.name === "NotAllowedError" ? form.dataset.canceled : exception.message;
      error.hidden = false;
    }
  });
}
