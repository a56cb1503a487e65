// Every page works without this file. It lets people look at a password they typed, and keeps
// relative times current. The wording follows `moment.rs`; change both together.
(() => {
  "use strict";

  for (const holder of document.querySelectorAll(".secret")) {
    const input = holder.querySelector("input");
    const button = document.createElement("button");
    const name = (input.labels[0]?.textContent ?? "password").trim().toLowerCase();
    const show = (shown) => {
      input.type = shown ? "text" : "password";
      button.textContent = shown ? "Hide" : "Show";
      button.setAttribute("aria-label", `${button.textContent} ${name}`);
    };
    button.type = "button";
    button.className = "peek";
    button.addEventListener("click", () => {
      show(input.type === "password");
      input.focus();
    });
    // A password must not leave as plain text: browsers remember what stood in a text field.
    input.form.addEventListener("submit", () => show(false));
    show(false);
    holder.append(button);
  }

  const main = document.getElementById("main");
  const served = Date.parse(main?.dataset.now ?? "");
  if (Number.isNaN(served)) return;

  // The server's clock, carried on from the moment of loading: the reader's own may be wrong.
  const loaded = performance.now();
  const times = [...document.querySelectorAll("time[data-words]")];

  const count = (n, unit) => `${n} ${unit}${n === 1 ? "" : "s"}`;
  const span = (seconds, divide) => {
    if (seconds < 60) return null;
    const [minutes, hours, days] = [60, 3600, 86400].map((unit) => divide(seconds / unit));
    if (minutes < 60) return count(minutes, "minute");
    if (hours < 24) return count(hours, "hour");
    if (days < 60) return count(days, "day");
    if (days < 365) return count(divide(seconds / (30 * 86400)), "month");
    return count(divide(seconds / (365 * 86400)), "year");
  };
  const ago = (seconds) => {
    const words = span(seconds, Math.floor);
    return words ? `${words} ago` : "just now";
  };
  const until = (seconds) => {
    if (seconds <= 0) return "now";
    const words = span(seconds, Math.round);
    return words ? `in ${words}` : "in less than a minute";
  };

  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
  for (const time of times) time.title = exact.format(new Date(time.dateTime));

  const tick = () => {
    const now = served + performance.now() - loaded;
    for (const time of times) {
      const ahead = (Date.parse(time.dateTime) - now) / 1000;
      const words = time.dataset.words === "ago" ? ago(Math.floor(-ahead)) : until(Math.round(ahead));
      if (time.textContent !== words) time.textContent = words;
    }
  };
  setInterval(tick, 15000);
  // Back from sleep or from another page.
  addEventListener("pageshow", tick);
  document.addEventListener("visibilitychange", tick);
})();
