"use strict";

// The page works without this: it saves the customer reloading it.

// A page from the browser's memory has numbers of forms that were sent.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

for (const button of document.querySelectorAll("[data-step]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const field = button.parentElement.querySelector("input");
    if (button.dataset.step > 0) field.stepUp();
    else field.stepDown();
  });
}

const panel = document.getElementById("panel");
if (panel) watch(panel, panel.dataset.page);

function watch(panel, page) {
  let end;
  start();

  const events = new EventSource(page + "/events");
  events.addEventListener("state", (event) => show(event.data));
  events.addEventListener("error", () => {
    // A lost connection comes back by itself; a refused one does not.
    if (events.readyState === EventSource.CLOSED) poll("");
  });

  function show(text) {
    const news = new DOMParser().parseFromString(text, "text/html");
    for (const part of panel.querySelectorAll("[data-key]")) {
      const other = news.getElementById(part.id);
      // What the customer is writing stays; the server knows whether it still holds.
      const busy = part.querySelector("input:focus") || part.dataset.typed;
      if (other && other.dataset.key !== part.dataset.key && !busy) {
        part.replaceWith(document.adoptNode(other));
      }
    }
    start();
  }

  async function poll(known) {
    let seen = known;
    try {
      const answer = await fetch(page + "/state");
      if (answer.status === 404) return;
      seen = answer.ok ? await answer.text() : known;
      if (seen !== known) show(await (await fetch(page)).text());
    } catch {
      seen = known;
    }
    setTimeout(poll, 3000, seen);
  }

  panel.addEventListener("input", (event) => {
    event.target.closest("[data-key]").dataset.typed = "yes";
  });

  // The time that is left, by how long the page is open: the customer's clock may be wrong.
  function start() {
    const left = panel.querySelector("[data-seconds]");
    if (left && !left.dataset.running) {
      left.dataset.running = "yes";
      end = performance.now() + left.dataset.seconds * 1000;
    }
    tick();
  }

  function tick() {
    const field = panel.querySelector("[data-seconds] span");
    if (!field) return;
    const seconds = Math.max(0, Math.round((end - performance.now()) / 1000));
    const two = (number) => String(number).padStart(2, "0");
    field.textContent = `还剩 ${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`;
  }

  setInterval(tick, 1000);
}
