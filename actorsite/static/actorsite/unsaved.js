// Asks before a page is left whose form has changes that are not saved, and remembers of which state they are.
"use strict";

const forms = document.querySelectorAll(":is(#content, #main) form[method=post]:not(#changelist-form, .passkey)");
// An answer that keeps what was not accepted, whether or not anything more is typed.
let unsaved = document.querySelector(":is(#content, #main) :is(form .errornote, [name=_resolve], [name=recovered_form], .unsaved-fields)") !== null;

// Whether the control has something else than the page came with.
function isTyped(control) {
  if (control.type === "hidden") return false;
  if (control.type === "select-one") {
    const given = [...control.options].findLastIndex((option) => option.defaultSelected);
    return control.selectedIndex > 0 ? control.selectedIndex !== given : given > 0;
  }
  if (control.options) return [...control.options].some((option) => option.selected !== option.defaultSelected);
  return control.checked !== control.defaultChecked || control.value !== control.defaultValue;
}

// A browser that goes back loads the page anew, and then puts in what was typed; not the mark of what was seen then,
// which the entry of the browser's history therefore keeps. Where no text came back, the new page's own holds.
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
  // The autocompletion sends jQuery events only.
  window.django?.jQuery?.(form).on("select2:select select2:unselect", changed);
  form.addEventListener("submit", () => {
    unsaved = false;
  });
}

window.addEventListener("beforeunload", (event) => {
  if (unsaved) event.preventDefault();
});
