// The desk without a mouse, and the live feed. Every page works without this file.
"use strict";

const rows = () => Array.from(document.querySelectorAll("tr[data-href]"));
let here = -1;

function move(step) {
  const all = rows();
  if (!all.length) return;
  all[here]?.classList.remove("here");
  here = Math.max(0, Math.min(all.length - 1, here + step));
  all[here].classList.add("here");
  all[here].querySelector("a")?.focus();
  all[here].scrollIntoView({ block: "nearest" });
}

const typing = (target) => target.closest("input, select, textarea, dialog[open]") !== null;

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  a: () => document.querySelector("#ceiling")?.focus(),
  d: () => document.querySelector("#deny-reason")?.focus(),
  "/": () => document.querySelector("#search")?.focus(),
  "?": () => document.querySelector("#keys")?.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && typing(event.target)) { event.target.blur(); return; }
  if (typing(event.target)) return;
  if (event.key === "Enter" && here >= 0 && document.activeElement === document.body) {
    window.location.assign(rows()[here].dataset.href);
    return;
  }
  const act = KEYS[event.key];
  if (act) { event.preventDefault(); act(); }
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
  if (event.target.closest("[data-open]")) document.querySelector(event.target.closest("[data-open]").dataset.open).showModal();
});

// A form that acts is sent once: a second click while the answer is under way does nothing.
document.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) { event.preventDefault(); return; }
  if (event.target.method === "post") event.target.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => document.querySelectorAll("form").forEach((form) => delete form.dataset.sent));

// The feed says that there is something new; the list itself is asked for again, so what is shown is never stale text.
const news = document.querySelector("#news");
if (news) {
  let cursor = news.dataset.cursor || "";
  let pause = 1000;
  const known = new Set(rows().map((row) => row.dataset.href.split("/").pop()));
  const before = known.size;
  const listen = () => {
    const scheme = window.location.protocol === "https:" ? "wss:" : "ws:";
    const feed = new WebSocket(`${scheme}//${window.location.host}/ws/opportunities?cursor=${encodeURIComponent(cursor)}`);
    feed.onopen = () => { pause = 1000; };
    feed.onmessage = (message) => {
      const told = JSON.parse(message.data);
      if (told.cursor) cursor = told.cursor;
      if (!told.opportunity) return;
      known.add(told.opportunity.opportunity_id);
      news.hidden = known.size === before;
      news.querySelector("b").textContent = String(known.size - before);
    };
    feed.onclose = () => { window.setTimeout(listen, pause); pause = Math.min(pause * 2, 60000); };
  };
  listen();
}
