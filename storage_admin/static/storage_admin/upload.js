// Shows the key that each chosen file will have, before anything is sent.
"use strict";

const list = document.getElementById("key-list");
const files = document.querySelector("#upload-here input[type=file]");

if (list && files) {
  files.addEventListener("change", () => {
    list.replaceChildren(
      ...Array.from(files.files, (file) => {
        const line = document.createElement("bdi");
        line.className = "key key-line";
        line.textContent = list.dataset.folder + file.name;
        return line;
      }),
    );
  });
}
