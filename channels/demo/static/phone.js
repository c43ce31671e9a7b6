// A phone in the browser. It only shows and speaks what the server's small Twilio says.
"use strict";

const root = document.querySelector("[data-simulator]");
const find = (selector) => root.querySelector(selector);
const texts = root.dataset;
const log = find("[data-log]");
const keys = [...root.querySelectorAll("[data-key]")];
const sayForm = find("[data-say]");
const words = find("#sim-words");
const who = find("[data-who]");
const aloud = find("[data-aloud]");

const phone = { sid: null, listening: null, busy: false };

// Who is calling

const caller = () => who.value || find("[data-number]").value.trim();
who.addEventListener("change", () => {
  find("[data-other]").hidden = who.value !== "";
  showTexts();
});
find("[data-number]").addEventListener("change", () => showTexts());

// The line

async function ask(path, body) {
  const options = { headers: { Accept: "application/json" } };
  if (body !== undefined) {
    options.method = "POST";
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  const response = await fetch(path, options);
  const answer = await response.json();
  if (!response.ok) throw Object.assign(new Error(answer.code), answer);
  return answer;
}

async function act(path, body) {
  if (phone.busy) return;
  phone.busy = true;
  find("[data-error]").textContent = "";
  hush();
  show();
  try {
    hear(await ask(path, body));
  } catch (error) {
    find("[data-error]").textContent = error.code === "bad_number" ? texts.badNumber : texts.noAnswer;
    if (!phone.sid) state(texts.ready);
  } finally {
    phone.busy = false;
    show();
    showTexts();
  }
}

function hear(answer) {
  phone.listening = answer.listening;
  phone.sid = answer.ended ? null : answer.sid;
  find("[data-typed]").textContent = answer.typed;
  state(answer.ended ? texts.ended : texts.talking);
  find("[data-last]").textContent = answer.events
    .filter((event) => event.kind === "say").map((event) => event.text).join(" ");
  for (const event of answer.events) {
    if (event.kind === "say") speak(event, add(event.text, "", event.language));
    if (event.kind === "pause") add(`${texts.pause} (${event.seconds} s)`, "is-note");
    if (event.kind === "unknown") add(`<${event.verb}>`, "is-note");
    if (event.kind === "end") add(ending(event.why), "is-note");
  }
}

const ending = (why) =>
  ({ caller: texts.youHungUp, hangup: texts.lineHungUp, error: texts.failed })[why];

function call() {
  log.replaceChildren();
  state(texts.calling);
  act("/demo/phone/calls", { number: caller() });
}

function press(key) {
  const button = keys.find((one) => one.dataset.key === key);
  if (button.disabled || phone.busy) return;
  button.classList.add("is-down");
  setTimeout(() => button.classList.remove("is-down"), 150);
  add(`${texts.youPressed} ${key}`, "is-mine");
  act(`/demo/phone/calls/${phone.sid}/input`, { key });
}

function say(text) {
  if (!text || words.disabled || phone.busy) return;
  add(text, "is-mine");
  words.value = "";
  act(`/demo/phone/calls/${phone.sid}/input`, { words: text });
}

find("[data-call]").addEventListener("click", call);
find("[data-hang-up]").addEventListener("click", () =>
  act(`/demo/phone/calls/${phone.sid}/hangup`, {}));
find("[data-silent]").addEventListener("click", () => {
  add(texts.youSilent, "is-mine");
  act(`/demo/phone/calls/${phone.sid}/input`, {});
});
for (const button of keys) button.addEventListener("click", () => press(button.dataset.key));
for (const idea of root.querySelectorAll("[data-idea]")) {
  idea.addEventListener("click", () => say(idea.dataset.idea));
}
sayForm.addEventListener("submit", (event) => {
  event.preventDefault();
  say(words.value.trim());
});
// The computer's own keys are the phone's keys, except while writing.
document.addEventListener("keydown", (event) => {
  const writing = event.target.closest("input, select, textarea");
  if (writing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (/^[0-9*#]$/.test(event.key)) press(event.key);
});

// What is seen

function state(text) {
  const place = find("[data-state]");
  if (place.textContent !== text) place.textContent = text;
}

function add(text, kind, language) {
  const line = document.createElement("li");
  if (kind) line.className = kind;
  if (language) line.lang = language;
  line.textContent = text;
  log.append(line);
  log.parentElement.scrollTop = log.parentElement.scrollHeight;
  return line;
}

function show() {
  const asked = phone.busy ? null : phone.listening;
  const inCall = phone.sid !== null;
  find("[data-call]").disabled = inCall || phone.busy;
  find("[data-hang-up]").disabled = !inCall || phone.busy;
  who.disabled = inCall;
  // A key that is being pressed keeps its focus: it is not switched off in between.
  if (!phone.busy) for (const button of keys) button.disabled = !(asked && asked.keys);
  for (const part of sayForm.querySelectorAll("input, button")) {
    if (!phone.busy) part.disabled = !(asked && asked.speech);
  }
  if (!phone.busy) find("[data-silent]").disabled = !asked;
}

// What is heard

let voices = [];
const synth = window.speechSynthesis;
if (synth) {
  const learn = () => { voices = synth.getVoices(); };
  synth.addEventListener("voiceschanged", learn);
  learn();
} else {
  aloud.closest(".sim-aloud").hidden = true;
}

function speak(event, line) {
  if (!synth || !aloud.checked) return;
  const speech = new SpeechSynthesisUtterance(event.text);
  speech.lang = event.language;
  const short = event.language.slice(0, 2);
  speech.voice = voices.find((voice) => voice.lang.replace("_", "-") === event.language)
    || voices.find((voice) => voice.lang.startsWith(short)) || null;
  speech.addEventListener("start", () => line.classList.add("is-said"));
  speech.addEventListener("end", () => line.classList.remove("is-said"));
  speech.addEventListener("error", () => line.classList.remove("is-said"));
  synth.speak(speech);
}

// An answer interrupts what is being said, as on a real phone.
function hush() {
  if (synth) synth.cancel();
}
aloud.addEventListener("change", hush);

// Text messages

const inbox = find("[data-texts]");

async function showTexts() {
  const number = caller();
  let messages = [];
  if (number.startsWith("+")) {
    const query = new URLSearchParams({ number: number.replaceAll(" ", "") });
    try {
      ({ messages } = await ask(`/demo/phone/messages?${query}`));
    } catch {
      return; // asked again in a moment
    }
  }
  const shown = messages.map((message) => message.sid).join();
  if (inbox.dataset.shown === shown && inbox.children.length) return;
  inbox.dataset.shown = shown;
  inbox.replaceChildren(...messages.map(bubble));
  if (!messages.length) {
    const none = document.createElement("li");
    none.className = "is-note";
    none.textContent = texts.noTexts;
    inbox.append(none);
  }
  inbox.parentElement.scrollTop = inbox.parentElement.scrollHeight;
}

function bubble(message) {
  const line = document.createElement("li");
  if (message.sent) line.className = "is-mine";
  // An address becomes a link; everything else stays text.
  for (const part of message.body.split(/(https?:\/\/\S+)/)) {
    if (/^https?:\/\//.test(part)) {
      const link = document.createElement("a");
      link.href = part;
      link.textContent = part;
      line.append(link);
    } else {
      line.append(part);
    }
  }
  return line;
}

find("[data-text-us]").addEventListener("submit", async (event) => {
  event.preventDefault();
  const field = find("#sim-text");
  const body = field.value.trim();
  if (!body) return;
  find("[data-error]").textContent = "";
  try {
    await ask("/demo/phone/messages", { number: caller(), body });
    field.value = "";
  } catch (error) {
    find("[data-error]").textContent = error.code === "bad_number" ? texts.badNumber : texts.noAnswer;
  }
  showTexts();
});

setInterval(() => { if (!document.hidden) showTexts(); }, 2000);
show();
showTexts();
