// Creates and uses passkeys. The rest of the second factor works without scripts.
"use strict";

async function post(address, told, token) {
  const answer = await fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token },
    body: JSON.stringify(told),
  });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.message || answer.statusText);
  return said;
}

for (const form of document.querySelectorAll("form.passkey")) {
  if (!window.PublicKeyCredential?.parseCreationOptionsFromJSON) continue;
  form.hidden = false;
  for (const said of document.querySelectorAll(".without-script")) said.hidden = true;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const error = form.querySelector("[role=alert]");
    error.hidden = true;
    const token = form.elements.csrfmiddlewaretoken.value;
    try {
      const asked = await post(form.dataset.ask, {}, token);
      const credential =
        form.dataset.kind === "new"
          ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(asked) })
          : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(asked) });
      const said = await post(
        form.dataset.answer,
        { answer: credential.toJSON(), name: form.elements.name?.value, next: form.elements.next?.value },
        token,
      );
      const check = document.querySelector("#check-form");
      // The recovered form is in the page's other form, which needs no code after a passkey.
      if (check?.elements.recovered_form) {
        check.noValidate = true;
        check.requestSubmit();
      } else location.assign(said.next);
    } catch (problem) {
      // The browser's own message for a cancelled request does not help users.
      error.textContent = problem.name === "NotAllowedError" ? form.dataset.cancelled : problem.message;
      error.hidden = false;
    }
  });
}
