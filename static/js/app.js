// Small improvements. Every page works without this file.

// 1. A form marked data-once is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.hasAttribute("data-once")) return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  form.querySelectorAll("button").forEach((button) => button.setAttribute("aria-disabled", "true"));
});
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  document.querySelectorAll("form[data-sent]").forEach((form) => {
    delete form.dataset.sent;
    form.querySelectorAll("button").forEach((button) => button.removeAttribute("aria-disabled"));
  });
});

// 2. The organisation menu closes with Escape and with a press elsewhere.
const menu = document.querySelector("details.org");
if (menu) {
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
}

// 3. A region with an id and data-refresh="URL" is fetched anew every two seconds. The answer holds
//    an element with the same id; once that has no data-refresh, the work is over and this stops.
//    Text in an element with data-announce is read out when it changes, at most every 15 seconds.
const focusable = "a[href], button, input, select, textarea, summary";

function keepFresh(region) {
  const id = region.id;
  const live = document.createElement("p");
  live.className = "visually-hidden";
  live.setAttribute("role", "status");
  const pause = document.createElement("button");
  pause.type = "button";
  pause.className = "button button-secondary";
  pause.textContent = "Pause updates";
  const below = document.createElement("div");
  below.className = "pause";
  below.append(live, pause);
  region.after(below);

  let spoken = text(region);
  let spokenAt = 0;
  let paused = false;
  let failures = 0;

  function text(element) {
    return (element.querySelector("[data-announce]")?.textContent ?? "").replace(/\s+/g, " ").trim();
  }
  function say(words, now) {
    if (!words || words === spoken || (!now && Date.now() - spokenAt < 15000)) return;
    live.textContent = spoken = words;
    spokenAt = Date.now();
  }
  function stop(words) {
    pause.remove();
    say(words, true);
  }
  function replaceWith(fresh) {
    const at = [...region.querySelectorAll(focusable)].indexOf(document.activeElement);
    region.replaceWith(fresh);
    region = fresh;
    if (at >= 0) [...region.querySelectorAll(focusable)].at(at)?.focus();
  }
  async function update() {
    if (paused || document.hidden) return later();
    try {
      const answer = await fetch(region.dataset.refresh, { credentials: "same-origin" });
      if (!answer.ok) throw new Error(answer.status);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById(id);
      if (!fresh) return stop("Updates have stopped. Load this page again.");
      failures = 0;
      if (fresh.outerHTML !== region.outerHTML) replaceWith(fresh);
      if (!("refresh" in region.dataset)) return stop(text(region));
      say(text(region), false);
    } catch {
      failures += 1;
      if (failures === 5) return stop("Updates have stopped. Load this page again.");
    }
    later();
  }
  function later() {
    setTimeout(update, 2000);
  }
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.textContent = paused ? "Go on with updates" : "Pause updates";
  });
  later();
}

document.querySelectorAll("[data-refresh][id]").forEach(keepFresh);
