// The recovery page: sends the user id and the temporary code to the journey runner, over the same
// protocol as the Web SDK, and says in plain words what to do next.
//
// The code goes into the body of one request and nowhere else: not into the address, the history,
// storage or a log. A denial is shown the same whatever its cause; the server does not tell either.

import { canBeCode } from "./code.js";

const PATIENCE_MS = 20_000;

const form = document.getElementById("recovery");
const button = form.querySelector("button");
const progress = document.getElementById("progress");
const failure = document.getElementById("failure");
const { codeLength, codeAlphabet, codeShape } = form.dataset;
const shape = { length: Number(codeLength), alphabet: codeAlphabet };
const fields = [
  { key: "external_user_id", input: document.getElementById("user-id"), missing: "Enter your user ID" },
  {
    key: "temp_code", input: document.getElementById("temp-code"), missing: "Enter the temporary code",
    isReadable: (text) => canBeCode(text, shape), unreadable: `A temporary code has ${codeShape}`,
  },
];
const codeInput = fields[1].input;
const title = document.title;

let busy = false;

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (busy) return;
  clearFailure();
  const problems = fields.map((field) => ({ ...field, problem: problemOf(field) })).filter(({ problem }) => problem);
  if (problems.length > 0) {
    showProblems(problems);
    return;
  }
  setBusy(true);
  const outcome = await redeem();
  setBusy(false);
  if (outcome.name === "accepted") {
    welcome();
  } else {
    showFailure(outcome);
  }
});

// A page that comes back from the browser's cache, or is left, holds no code.
for (const moment of ["pagehide", "pageshow"]) {
  window.addEventListener(moment, () => { codeInput.value = ""; });
}

/** What is wrong with a field as it is, in words; null if nothing is. */
function problemOf({ input, missing, isReadable, unreadable }) {
  const text = input.value.trim();
  if (text === "") return missing;
  return isReadable && !isReadable(text) ? unreadable : null;
}

/** Runs the journey; answers with the outcome's name and, where the server gave one, how long to wait. */
async function redeem() {
  const { clientId, journeyId } = form.dataset;
  const query = new URLSearchParams({ aid: "default_application", clientId, locale: navigator.language });
  const params = Object.fromEntries(fields.map(({ key, input }) => [key, input.value.trim()]));
  try {
    const response = await fetch(`/ido/api/v2/auth/anonymous_invoke?${query}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        headers: [],
        data: { collection_result: {}, policy_request_id: journeyId, params },
      }),
      cache: "no-store",
      redirect: "error",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const waitSeconds = Number(response.headers.get("Retry-After"));
    // Nothing was compared, and nothing counted.
    if (response.status === 400) return { name: "unreadable" };
    if (response.status === 429) return { name: "busy", waitSeconds };
    if (!response.ok) return { name: "unavailable", waitSeconds };
    const answer = await response.json();
    switch (answer?.data?.state) {
      case "completed": return { name: "accepted" };
      case "rejected": return { name: "denied" };
      default: return { name: "unavailable" };
    }
  } catch (error) {
    // An answer that is no JSON is the server's fault, not the connection's.
    return { name: error instanceof SyntaxError ? "unavailable" : "offline" };
  }
}

function setBusy(state) {
  busy = state;
  // Not `disabled`: that would take the focus away from whoever just pressed the button.
  button.setAttribute("aria-disabled", String(state));
  for (const { input } of fields) input.readOnly = state;
  progress.textContent = state ? "Checking the code" : "";
}

function clearFailure() {
  failure.hidden = true;
  failure.replaceChildren();
  document.title = title;
  for (const { input } of fields) {
    input.removeAttribute("aria-invalid");
    errorOf(input).textContent = "";
  }
}

function showProblems(problems) {
  const list = document.createElement("ul");
  for (const { input, problem: text } of problems) {
    input.setAttribute("aria-invalid", "true");
    errorOf(input).textContent = text;
    const link = document.createElement("a");
    link.href = `#${input.id}`;
    link.textContent = text;
    // Moves the focus itself, so that the address stays as it is.
    link.addEventListener("click", (event) => { event.preventDefault(); input.focus(); });
    const item = document.createElement("li");
    item.append(link);
    list.append(item);
  }
  present(problems.some(({ problem, missing }) => problem === missing) ? "incomplete" : "unreadable", list);
}

function showFailure({ name, waitSeconds }) {
  // The other failures say nothing about the code: it is kept for the next try.
  if (name === "denied") codeInput.value = "";
  present(name);
  const wait = failure.querySelector("[data-wait]");
  if (wait && waitSeconds > 0) wait.textContent = inWords(waitSeconds);
}

/** Shows the template of that name, followed by `more`, and moves the focus there. */
function present(name, ...more) {
  const template = document.getElementById(`failure-${name}`);
  failure.replaceChildren(template.content.cloneNode(true), ...more);
  failure.hidden = false;
  failure.focus();
  document.title = `Error: ${title}`;
}

function welcome() {
  for (const { input } of fields) input.value = "";
  document.getElementById("entry").hidden = true;
  document.getElementById("welcome").hidden = false;
  const heading = document.getElementById("welcome-title");
  heading.focus();
  document.title = `${heading.textContent} · ${title}`;
}

function errorOf(input) {
  return document.getElementById(`${input.id}-error`);
}

function inWords(seconds) {
  if (seconds < 60) return seconds === 1 ? "a second" : `${seconds} seconds`;
  const minutes = Math.ceil(seconds / 60);
  return minutes === 1 ? "a minute" : `${minutes} minutes`;
}
