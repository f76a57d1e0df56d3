// Asks before a page is left whose form has changes that are not saved.
"use strict";

let unsaved = false;

for (const form of document.querySelectorAll("#content form[method=post]:not(#changelist-form, .passkey)")) {
  const changed = () => {
    unsaved = true;
  };
  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  // The stock autocompletion tells jQuery only.
  window.django?.jQuery?.(form).on("select2:select select2:unselect", changed);
  form.addEventListener("submit", () => {
    unsaved = false;
  });
}

window.addEventListener("beforeunload", (event) => {
  if (unsaved) event.preventDefault();
});
