// Asks the door for a mail from the browser. Without this script the form goes to the portal, which does the same.
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
  say(form, "Sending …");
  let answer, body;
  try {
    answer = await fetch(page.dataset.door + "/auth/send-magic-link", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ email, callback_next: next, code: true }),
      signal: AbortSignal.timeout(10_000),
    });
    body = await answer.json();
  } catch {
    rest(form, false);
    return say(form, "The sign-in service does not answer. Please try again.");
  }
  rest(form, false);
  say(form, "");
  const error = body.fieldErrors?.email;
  refuse(error);
  const seconds = Number(answer.headers.get("Retry-After"));
  if (answer.ok) return showSent(form, email, body.request_id);
  if (seconds) return wait(form, seconds, answer.status === 429 ? "That was too often." : body.error + ".");
  if (!error) say(form, body.error + ".");
}

// Shows the error beside the field, and puts the cursor there; or takes the earlier one away.
function refuse(error) {
  const field = ask.querySelector("[name=email]");
  document.getElementById("email-error").textContent = error ?? "";
  field.setAttribute("aria-invalid", Boolean(error));
  if (error) field.focus();
}

function showSent(form, email, requestID) {
  heading.textContent = "Check your mail";
  document.title = document.title.replace("Sign in", heading.textContent);
  sent.querySelector(".address").textContent = email;
  for (const field of sent.querySelectorAll("[name=email]")) field.value = email;
  for (const field of sent.querySelectorAll("[name=request_id]")) field.value = requestID;
  document.getElementById("code-error").textContent = "";
  if (sent.hidden) {
    [ask.hidden, sent.hidden] = [true, false];
    heading.focus();
  } else {
    say(form, "Another mail was sent.");
  }
}

// Counts down beside what was said. The number is no part of what a screen reader says each time that it changes.
function wait(form, seconds, why) {
  const end = performance.now() + seconds * 1000;
  const count = document.createElement("span");
  count.setAttribute("role", "timer");
  count.setAttribute("aria-live", "off");
  count.textContent = seconds;
  say(form, why + " You can try again in ", count, " s.");
  rest(form, true);
  const ticking = setInterval(() => {
    const left = Math.ceil((end - performance.now()) / 1000);
    if (left > 0) {
      count.textContent = left;
      return;
    }
    clearInterval(ticking);
    rest(form, false);
    say(form, "You can try again now.");
  }, 250);
}

function say(form, ...words) {
  form.querySelector(".notice").replaceChildren(...words);
}

// Not by `disabled`, which would take the focus off the button.
function rest(form, isResting) {
  form.querySelector("button").setAttribute("aria-disabled", isResting);
}

function isResting(form) {
  return form.querySelector("button").getAttribute("aria-disabled") === "true";
}
