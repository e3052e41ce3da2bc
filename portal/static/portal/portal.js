// What the pages do without, and are nicer with. No framework, no inline code.
"use strict";

(() => {
  const typing = (element) =>
    element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName);

  // "/" puts the cursor into the search field of every page.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) {
      return;
    }
    const field = document.getElementById("global-search-field");
    if (field) {
      event.preventDefault();
      field.focus();
      field.select();
    }
  });

  // Two of the admin's own widgets are mute for a screen reader; they build themselves late.
  // Select2 (autocomplete) gives its boxes no name: they get that of the field's label.
  const nameBox = (box) => {
    const shown = box.querySelector(".select2-selection__rendered");
    const field = box.querySelector(".select2-search__field"); // where several can be chosen
    const select = box.closest(".select2-container").previousElementSibling;
    const label = select && select.labels && select.labels[0];
    if (!shown || !label) {
      return;
    }
    label.id ||= `${select.id}_label`;
    if (field) {
      field.setAttribute("aria-labelledby", label.id);
    } else {
      box.setAttribute("aria-labelledby", `${label.id} ${shown.id}`);
      shown.setAttribute("aria-labelledby", label.id);
    }
  };
  const mend = (node) => {
    if (node.nodeType === Node.ELEMENT_NODE) {
      node.querySelectorAll(".select2-selection").forEach(nameBox);
      // A span may carry words only with a role.
      node.querySelectorAll(".help-tooltip[aria-label]").forEach((sign) => sign.setAttribute("role", "img"));
    }
  };
  mend(document.body);
  new MutationObserver((changes) => {
    changes.forEach((change) => change.addedNodes.forEach(mend));
  }).observe(document.body, { childList: true, subtree: true });

  // The settings page offers the time zone that the device is in.
  const hint = document.querySelector("[data-zone-hint]");
  const zones = document.getElementById("id_time_zone");
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (hint && zones && zone && zones.value !== zone && [...zones.options].some((one) => one.value === zone)) {
    hint.querySelector("[data-zone-name]").textContent = zone.replaceAll("_", " ");
    hint.hidden = false;
    hint.querySelector("[data-zone-use]").addEventListener("click", () => {
      zones.value = zone;
      hint.hidden = true;
      zones.focus();
    });
  }
})();
