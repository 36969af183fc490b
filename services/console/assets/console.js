// What plain HTML cannot do: local times, the countdown of a code, copying it, and removing it when the
// person signs out in another tab. Every page works without this file.
"use strict";

/** Copies a text, and says on the button whether that worked. */
async function copied(text, button) {
  button.textContent = await navigator.clipboard.writeText(text).then(() => "Copied", () => "Not copied");
  return button.textContent;
}

for (const time of document.querySelectorAll("time")) {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.getTime())) continue;
  const isToday = at.toDateString() === new Date().toDateString();
  time.textContent = at.toLocaleString([], { timeStyle: "medium", ...(isToday ? {} : { dateStyle: "medium" }) });
}

for (const button of document.querySelectorAll("[data-copies]")) {
  button.hidden = false;
  button.addEventListener("click", () => copied(document.getElementById(button.dataset.copies).textContent, button));
}

const tabs = new BroadcastChannel("postern-console");
if (document.querySelector("[data-left]")) tabs.postMessage("left");

const page = document.getElementById("code");
if (page) {
  const code = page.querySelector("[data-code]");
  const spoken = document.getElementById("said");
  const countdown = document.getElementById("countdown");
  const [copy, keep] = ["copy", "keep"].map((id) => document.getElementById(id));
  const ends = Date.now() + Number(page.dataset.seconds) * 1000;

  const remove = (why) => {
    clearInterval(clock);
    if (!code.isConnected) return;
    code.remove();
    copy.remove();
    keep.remove();
    countdown.textContent = why;
    spoken.textContent = why;
  };
  const tick = () => {
    const left = Math.ceil((ends - Date.now()) / 1000);
    if (left <= 0) remove("The code was removed from this page.");
    else countdown.textContent = `This page removes the code in ${left} seconds.`;
  };
  const clock = setInterval(tick, 500);
  tick();

  copy.hidden = keep.hidden = false;
  copy.addEventListener("click", async () => {
    spoken.textContent = await copied(code.querySelector(".groups").textContent, copy);
  });
  keep.addEventListener("click", () => {
    clearInterval(clock);
    keep.remove();
    countdown.textContent = "The code stays until you leave this page.";
  });
  tabs.addEventListener("message", () => remove("You signed out. The code was removed from this page."));
  // Neither the list of pages to go back to nor a page restored from memory shows it.
  addEventListener("pagehide", () => remove("The code was removed from this page."));
}
