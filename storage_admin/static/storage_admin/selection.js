// Chooses all objects of the page at once, and says how many are chosen. Without it, the boxes work alone.
"use strict";

(() => {
  const boxes = [...document.querySelectorAll("input[name=key][form=selection-form]")];
  const all = document.querySelector("[data-select-all]");
  const words = document.querySelector("[data-selection-count]");
  if (!boxes.length || !all || !words) return;
  const hint = words.textContent;
  const tell = () => {
    const count = boxes.filter((box) => box.checked).length;
    all.checked = count === boxes.length;
    all.indeterminate = count > 0 && !all.checked;
    if (!count) words.textContent = hint;
    else words.textContent = count === 1 ? words.dataset.one : words.dataset.many.replace("{count}", count);
  };
  all.parentElement.hidden = false;
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    tell();
  });
  for (const box of boxes) box.addEventListener("change", tell);
  tell(); // a browser that comes back keeps what was chosen
})();
