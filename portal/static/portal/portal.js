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
