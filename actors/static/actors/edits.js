// Chooses "Edit" in a conflict as soon as something is typed beside it.
"use strict";

for (const edit of document.querySelectorAll(".conflict .edit")) {
  const choose = () => {
    edit.closest("fieldset").querySelector("[type=radio][value=edited]").checked = true;
  };
  edit.addEventListener("input", choose);
  // The autocompletion sends jQuery events only.
  window.django?.jQuery?.(edit).on("select2:select", choose);
}
