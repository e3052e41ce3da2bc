// Uploads: each file straight to the store by a signed PUT; through the portal where the store is out of reach.
"use strict";

(() => {
  const AT_ONCE = 3;
  const POLL_MS = 1000;
  const HEAD_BYTES = 64;
  const words = JSON.parse(document.getElementById("upload-words")?.textContent ?? "{}");
  document.documentElement.classList.add("script");

  const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  // Only pages opened by https, or on this machine, have crypto.subtle; the worker computes the digest anyway.
  const digest = async (file) => (crypto.subtle ? hex(await crypto.subtle.digest("SHA-256", await file.arrayBuffer())) : "");
  const head = async (file) => btoa(String.fromCharCode(...new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer())));

  const send = (method, url, body, headers, progress) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open(method, url);
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      request.upload.onprogress = (event) => event.lengthComputable && progress?.(event.loaded / event.total);
      request.onload = () => resolve(request);
      request.onerror = request.ontimeout = () => reject(new TypeError("network"));
      request.send(body);
    });

  function enhance(form) {
    const list = form.querySelector("[data-list]");
    const summary = form.querySelector("[data-summary]");
    const drop = form.querySelector("[data-drop]");
    const csrf = { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value, Accept: "application/json" };
    const rows = [];
    let running = 0;
    let polling = false;

    const parse = (request) => {
      try { return JSON.parse(request.responseText); } catch { return { error: words.offline, retry: true }; }
    };
    const ask = async (url, body) =>
      parse(await send("POST", url, JSON.stringify(body), { ...csrf, "Content-Type": "application/json" }));

    function add(file) {
      const item = document.getElementById("upload-row").content.firstElementChild.cloneNode(true);
      const part = (name) => item.querySelector(`[data-${name}]`);
      const row = { file, item, part, state: "waiting" };
      part("name").textContent = file.name;
      part("retry").textContent = words.retry;
      part("retry").addEventListener("click", () => { row.state = "waiting"; show(row, words.waiting); next(); });
      list.append(item);
      rows.push(row);
      show(row, words.waiting);
    }

    function show(row, text, { refused = false, retry = false, url = "", label = words.open } = {}) {
      row.item.className = refused ? "refused" : row.state;
      row.part("text").textContent = text;
      row.part("retry").hidden = !retry;
      row.part("link").hidden = !url;
      if (url) Object.assign(row.part("link"), { href: url, textContent: label });
      row.part("progress").hidden = row.state !== "sending";
      const count = (...states) => rows.filter((one) => states.includes(one.state)).length;
      summary.textContent = words.summary
        .replace("{ready}", count("done")).replace("{refused}", count("refused"))
        .replace("{waiting}", count("waiting", "sending", "arrived"));
    }

    function settle(row, answer) {
      if (answer.error || answer.status === "rejected" || answer.status === "failed") {
        row.state = "refused";
        const url = answer.duplicate || answer.url || "";
        const label = answer.duplicate ? words.existing : words.open;
        row.part("tile").src = answer.tile || list.dataset.missing;
        show(row, answer.error || answer.reason, { refused: true, retry: Boolean(answer.retry), url, label });
      } else {
        row.photo = answer.photo;
        row.state = answer.settled ? "done" : "arrived";
        if (row.part("tile").getAttribute("src") !== answer.tile) row.part("tile").src = answer.tile;
        show(row, answer.settled ? answer.label : words.arrived, { url: answer.url });
        if (!answer.settled) poll();
        else hang(row, answer);
      }
    }

    // On a pet's page a finished photo joins the others; the form beside it may hold unsaved words.
    function hang(row, answer) {
      const tiles = document.querySelector("[data-tiles]");
      if (!tiles) return;
      tiles.querySelector(".empty-words")?.remove();
      const link = Object.assign(document.createElement("a"), { href: answer.url });
      link.append(Object.assign(new Image(160, 160), { src: answer.tile, alt: row.file.name, className: "photo-tile" }));
      const item = document.createElement("li");
      item.append(link, row.file.name);
      tiles.append(item);
    }

    async function upload(row) {
      const pet = form.elements.pet?.value ?? "";
      const progress = (part) => { row.part("progress").value = part; };
      row.state = "sending";
      show(row, words.checking);
      const announced = { pet, name: row.file.name, size: row.file.size, head: await head(row.file), sha256: await digest(row.file) };
      const signed = await ask(form.dataset.sign, announced);
      if (signed.error) return signed;
      show(row, words.sending);
      if (signed.url) {
        try {
          const put = await send("PUT", signed.url, row.file, signed.headers, progress);
          // 412: it exists under this key, so an earlier try arrived; the portal compares it.
          if (put.status === 200 || put.status === 412) {
            return await ask(form.dataset.complete, { photo: signed.photo, etag: put.status === 200 ? put.getResponseHeader("ETag") ?? "" : "" });
          }
        } catch (error) {
          if (!(error instanceof TypeError)) throw error; // the store is out of reach: through the portal
        }
      }
      const body = new FormData();
      body.append("pet", pet);
      body.append("files", row.file);
      return (parse(await send("POST", form.action, body, csrf, progress)).answers ?? [{ error: words.offline, retry: true }])[0];
    }

    function next() {
      while (running < AT_ONCE) {
        const row = rows.find((one) => one.state === "waiting");
        if (!row) return;
        running += 1;
        upload(row)
          .catch(() => ({ error: words.offline, retry: true }))
          .then((answer) => settle(row, answer))
          .finally(() => { running -= 1; next(); });
      }
    }

    async function poll() {
      if (polling) return;
      polling = true;
      for (let waiting; (waiting = rows.filter((row) => row.state === "arrived")).length; ) {
        await new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
        if (document.hidden) continue;
        const ids = waiting.map((row) => row.photo).join(",");
        const answer = await fetch(`${form.dataset.status}?ids=${ids}`, { headers: csrf }).then((one) => one.json()).catch(() => ({}));
        for (const photo of answer.photos ?? []) settle(waiting.find((row) => row.photo === photo.photo), photo);
      }
      polling = false;
    }

    const take = (files) => { [...files].forEach(add); next(); };
    for (const input of form.querySelectorAll("input[type=file]")) {
      input.addEventListener("change", () => { take(input.files); input.value = ""; });
    }
    for (const name of ["dragover", "dragleave", "drop"]) {
      drop.addEventListener(name, (event) => {
        event.preventDefault();
        drop.classList.toggle("over", name === "dragover");
        if (name === "drop") take(event.dataTransfer.files);
      });
    }
    document.addEventListener("paste", (event) => event.clipboardData?.files.length && take(event.clipboardData.files));
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  document.querySelectorAll("form[data-upload]").forEach(enhance);
})();
