// Selects "Edit" in a conflict as soon as the user types next to it.
"use strict";

for (const edit of document.querySelectorAll(".conflict .edit")) {
  const choose = () => {
    edit.closest("fieldset").querySelector("[type=radio][value=edited]").checked = true;
  };
  edit.addEventListener("input", choose);
  // The autocompletion only triggers jQuery events.
  window.django?.jQuery?.(edit).on("select2:select", choose);
}
