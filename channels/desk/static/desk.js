// The desk's own script: says changes once and politely, leaves a page alone when
// nothing has changed, and never hides that it may be out of date.
(() => {
  "use strict";
  const spoken = document.getElementById("spoken");
  const notice = document.getElementById("connection");
  let last = document.getElementById("fresh")?.dataset.spoken ?? "";
  let lastAnswer = "";

  document.getElementById("problem")?.focus();

  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const detail = event.detail;
    if (detail.xhr.status !== 200) {
      detail.shouldSwap = false;
      return;
    }
    // The same again: a screen reader keeps its place.
    if (detail.serverResponse === lastAnswer) detail.shouldSwap = false;
    lastAnswer = detail.serverResponse;
    // Details that were opened stay open.
    const open = [...document.querySelectorAll("details[open][id]")].map((part) => part.id);
    document.body.addEventListener("htmx:afterSettle", () => {
      for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    }, { once: true });
  });

  document.body.addEventListener("htmx:afterSettle", () => {
    const now = document.getElementById("fresh")?.dataset.spoken ?? "";
    if (spoken && now !== last) spoken.textContent = now;
    last = now;
  });

  function say(text, address, label) {
    if (!notice) return;
    notice.replaceChildren(text);
    if (address) {
      const link = document.createElement("a");
      link.href = address;
      link.target = "_blank";
      link.rel = "noopener";
      link.textContent = label;
      notice.append(" ", link);
    }
    notice.hidden = false;
  }

  document.body.addEventListener("htmx:responseError", (event) => {
    if (!notice) return;
    if (event.detail.xhr.status === 401) {
      say(notice.dataset.loggedOut, notice.dataset.loginAddress, notice.dataset.login);
    } else {
      say(notice.dataset.lost);
    }
  });
  document.body.addEventListener("htmx:sendError", () => notice && say(notice.dataset.lost));
  document.body.addEventListener("htmx:sseError", () => notice && say(notice.dataset.lost));
  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (notice && event.detail.successful) notice.hidden = true;
  });
})();
