// Fetches a job's progress again, every two seconds, while somebody looks and a worker is at it.
"use strict";

(() => {
  const EVERY_MS = 2000;
  const shown = () => document.getElementById("job-progress");
  const again = async () => {
    const part = shown();
    if (!part?.dataset.url) return;
    if (document.visibilityState === "visible") {
      try {
        const answer = await fetch(part.dataset.url, { headers: { "X-Requested-With": "fetch" } });
        if (answer.ok && !answer.redirected) {
          const made = new DOMParser().parseFromString(await answer.text(), "text/html");
          const next = made.getElementById("job-progress");
          if (next) {
            part.replaceWith(next);
            // What may be pressed, and the plan, depend on the state: a new one shows them anew.
            if (!next.dataset.url) window.location.reload();
          }
        }
      } catch {
        // The portal is away: what is shown stays, and the next time may find it again.
      }
    }
    window.setTimeout(again, EVERY_MS);
  };
  window.setTimeout(again, EVERY_MS);
})();
