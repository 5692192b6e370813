// Asks Postern for an email from the browser. Without this script the form goes to the portal, which does the same.
"use strict";

const page = document.getElementById("sign-in");
const heading = page.querySelector("h1");
const ask = document.getElementById("ask");
const sent = document.getElementById("sent");

for (const form of page.querySelectorAll("form[data-sends]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!isResting(form)) send(form);
  });
}

async function send(form) {
  const email = form.elements.email.value;
  const next = form.elements.next.value || undefined;
  rest(form, true);
  say(form, "Sending…");
  let answer, body;
  try {
    answer = await fetch(page.dataset.postern + "/auth/send-magic-link", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ email, callback_next: next, code: true, code_challenge: page.dataset.challenge }),
      signal: AbortSignal.timeout(10_000),
    });
    body = await answer.json();
  } catch {
    rest(form, false);
    return say(form, "Sign-in is unavailable right now: try again shortly.");
  }
  rest(form, false);
  say(form, "");
  const language = answer.headers.get("Content-Language");
  const error = body.fieldErrors?.email;
  refuse(error && inLanguage(language, error));
  const seconds = Number(answer.headers.get("Retry-After"));
  if (answer.ok) return showSent(form, email, body.request_id);
  if (seconds) {
    return wait(form, seconds, answer.status === 429 ? "Too many attempts." : "Sign-in is unavailable right now.");
  }
  if (!error) say(form, inLanguage(language, body.error));
}

// A sentence of Postern's, which is in the language that the browser prefers, and not always in the page's.
function inLanguage(language, sentence) {
  const span = document.createElement("span");
  [span.lang, span.dir, span.textContent] = [language ?? "en", "auto", sentence];
  return span;
}

// Shows an error next to the field and focuses the field, or removes an earlier error.
function refuse(error) {
  const field = ask.querySelector("[name=email]");
  document.getElementById("email-error").replaceChildren(error ?? "");
  field.setAttribute("aria-invalid", Boolean(error));
  if (error) field.focus();
}

function showSent(form, email, requestID) {
  heading.textContent = "Check your email";
  document.title = document.title.replace("Sign in", heading.textContent);
  sent.querySelector(".address").textContent = email;
  for (const field of sent.querySelectorAll("[name=email]")) field.value = email;
  for (const field of sent.querySelectorAll("[name=request_id]")) field.value = requestID;
  document.getElementById("code-error").textContent = "";
  if (sent.hidden) {
    [ask.hidden, sent.hidden] = [true, false];
    heading.focus();
  } else {
    say(form, "We sent a new email.");
  }
}

// Counts down next to the reason. Screen readers do not announce each change of the count.
function wait(form, seconds, why) {
  const end = performance.now() + seconds * 1000;
  const count = document.createElement("span");
  count.setAttribute("role", "timer");
  count.setAttribute("aria-live", "off");
  count.textContent = waitText(seconds);
  say(form, why + " Try again in ", count, ".");
  rest(form, true);
  const ticking = setInterval(() => {
    const left = Math.ceil((end - performance.now()) / 1000);
    if (left > 0) {
      count.textContent = waitText(left);
      return;
    }
    clearInterval(ticking);
    rest(form, false);
    say(form, "You can try again now.");
  }, 250);
}

// A wait as people say it: "12 seconds", or minutes rounded up, such as "5 minutes". Also in pages.py.
function waitText(seconds) {
  const [count, unit] = seconds < 60 ? [seconds, "second"] : [Math.ceil(seconds / 60), "minute"];
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

function say(form, ...words) {
  form.querySelector(".notice").replaceChildren(...words);
}

// Not with `disabled`, which would take the focus from the button.
function rest(form, isResting) {
  form.querySelector("button").setAttribute("aria-disabled", isResting);
}

function isResting(form) {
  return form.querySelector("button").getAttribute("aria-disabled") === "true";
}
