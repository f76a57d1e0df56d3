// Copies the labels of fields to select2's autocompletion boxes, for screen readers.
"use strict";

function name() {
  for (const box of document.querySelectorAll(".select2-container:not([data-named])")) {
    const field = box.previousElementSibling;
    const label = field?.labels?.[0]?.innerText ?? field?.ariaLabel;
    if (!label) continue;
    box.dataset.named = "";
    for (const part of box.querySelectorAll("[role=combobox], [role=textbox]")) {
      part.setAttribute("aria-label", label.trim());
    }
  }
}

name();
// Inline rows that the user adds have new boxes.
new MutationObserver(name).observe(document.body, { childList: true, subtree: true });
