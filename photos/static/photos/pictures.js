// A picture that does not load gives way to a placeholder with its words, never to a broken image.
"use strict";

(() => {
  const giveWay = (image) => {
    if (image.dataset.gone) return;
    image.dataset.gone = "yes";
    const words = document.createElement("span");
    words.className = "photo-gone";
    words.setAttribute("role", "img");
    words.setAttribute("aria-label", image.alt);
    words.textContent = image.alt || "–";
    image.replaceWith(words);
  };
  const ours = (image) => image instanceof HTMLImageElement && image.matches(".photo-tile, .photo-full");
  document.addEventListener("error", (event) => ours(event.target) && giveWay(event.target), true);
  for (const image of document.querySelectorAll("img.photo-tile, img.photo-full")) {
    if (image.complete && image.naturalWidth === 0 && !image.loading.includes("lazy")) giveWay(image);
  }
})();
