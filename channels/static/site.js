// Small comforts. Every page works without them.
"use strict";

document.documentElement.classList.add("js");

// A page that comes back with errors says so at once, also to a screen reader.
const summary = document.querySelector("[data-error-summary]");
if (summary) summary.focus();

// Fields that only matter with a certain choice.
for (const part of document.querySelectorAll("[data-shown-by]")) {
  const choice = document.getElementById(part.dataset.shownBy);
  const show = () => { part.hidden = !choice.checked; };
  choice.addEventListener("change", show);
  show();
}

// The free times are those of the department that is chosen.
const slots = document.getElementById("slot");
const department = document.getElementById("department");
if (slots && department) {
  const shown = document.querySelector("[data-times-of]");
  department.addEventListener("change", async () => {
    const asked = department.value;
    const address = new URLSearchParams({ department: asked });
    if (document.documentElement.lang !== "da") address.set("lang", document.documentElement.lang);
    try {
      const answer = await fetch(`/tider?${address}`);
      if (!answer.ok || department.value !== asked) return;
      slots.innerHTML = await answer.text();
      const name = asked ? department.selectedOptions[0].text : shown.dataset.usual;
      shown.textContent = shown.dataset.timesOf.replace("{department}", name);
    } catch {
      // The old times stay; what is promised is said on the receipt.
    }
  });
}

// Sent once. (The server would recognise a second one anyway.)
for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    for (const button of form.querySelectorAll("[type=submit]")) {
      button.setAttribute("aria-disabled", "true");
    }
  });
}
// Coming back with the browser's own button finds a form that can be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-once]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[type=submit]")) {
      button.removeAttribute("aria-disabled");
    }
  }
});

for (const button of document.querySelectorAll("[data-print]")) {
  button.addEventListener("click", () => window.print());
}
