// Warns users who leave a form with unsaved changes, and stores the version token that the changes are based on.
"use strict";

const forms = document.querySelectorAll(":is(#content, #main) form[method=post]:not(#changelist-form, .passkey)");
// A page that shows a rejected form again has unsaved changes, even if nothing more is typed.
let unsaved = document.querySelector(":is(#content, #main) :is(form .errornote, [name=_resolve], [name=recovered_form], .unsaved-fields)") !== null;

// Returns whether the value of the control differs from the one in the page's HTML.
function isTyped(control) {
  if (control.type === "hidden") return false;
  if (control.type === "select-one") {
    const given = [...control.options].findLastIndex((option) => option.defaultSelected);
    return control.selectedIndex > 0 ? control.selectedIndex !== given : given > 0;
  }
  if (control.options) return [...control.options].some((option) => option.selected !== option.defaultSelected);
  return control.checked !== control.defaultChecked || control.value !== control.defaultValue;
}

// When a browser goes back, it loads the page again and restores typed text, but not the hidden fields ([data-mark])
// with the version token or the form's key. Their values are stored in history.state, and restored with the text. If
// no text was restored, the values in the new page are valid.
window.addEventListener("pageshow", () => {
  const marks = {};
  for (const form of forms) {
    const typed = [...form.elements].some(isTyped);
    unsaved ||= typed;
    for (const mark of form.querySelectorAll("[data-mark]")) {
      if (typed) mark.value = history.state?.marks?.[mark.name] ?? mark.value;
      marks[mark.name] = mark.value;
    }
  }
  history.replaceState({ ...history.state, marks }, "");
});

for (const form of forms) {
  const changed = () => {
    unsaved = true;
  };
  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  // select2's autocompletion sends only jQuery events.
  window.django?.jQuery?.(form).on("select2:select select2:unselect", changed);
  form.addEventListener("submit", () => {
    unsaved = false;
  });
}

window.addEventListener("beforeunload", (event) => {
  if (unsaved) event.preventDefault();
});
