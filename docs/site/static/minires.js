// Filters of the claims gallery, and the lookup of errors. Both work from a file, without a server.
"use strict";

/** Show the claims with a verdict and with words in them; say how many there are. */
function filterClaims() {
  const bar = document.querySelector(".filters");
  if (!bar) return;
  const cards = [...document.querySelectorAll(".claim")];
  const buttons = [...bar.querySelectorAll("button")];
  const words = bar.querySelector("input");
  const count = bar.querySelector(".count");
  const show = () => {
    const verdict = buttons.find((b) => b.getAttribute("aria-pressed") === "true").dataset.show;
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const card of cards) {
      const text = card.textContent.toLowerCase();
      const fits = (!verdict || card.classList.contains(`claim-${verdict}`)) &&
        wanted.every((word) => text.includes(word));
      card.hidden = !fits;
      shown += fits;
    }
    count.textContent = `${shown} of ${cards.length}`;
  };
  for (const button of buttons) {
    button.addEventListener("click", () => {
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
      show();
    });
  }
  words.addEventListener("input", show);
  show();
}

/** Find the entries whose messages are most like the one that was pasted. */
function lookUpErrors() {
  const box = document.getElementById("message");
  if (!box) return;
  const entries = JSON.parse(document.getElementById("messages").textContent);
  const found = document.getElementById("found");
  const wordsOf = (text) => text.toLowerCase().match(/[a-z0-9_]{3,}/g) || [];
  const every = entries.flatMap((entry) =>
    entry.texts.map((text) => ({ entry, text, words: new Set(wordsOf(text.replace(/‹[^›]*›/g, " "))) })));
  const often = new Map();
  for (const one of every) for (const word of one.words) often.set(word, (often.get(word) || 0) + 1);
  const weight = (word) => Math.log(1 + every.length / (often.get(word) || every.length));
  const score = (one, wanted) => {
    let shared = 0, whole = 0;
    for (const word of one.words) {
      whole += weight(word);
      if (wanted.has(word)) shared += weight(word);
    }
    return whole ? shared / Math.sqrt(whole) : 0;  // a long message must share more of itself
  };
  const look = () => {
    const wanted = new Set(wordsOf(box.value));
    const best = new Map();
    for (const one of every) {
      const points = score(one, wanted);
      if (points > (best.get(one.entry)?.points || 0)) best.set(one.entry, { points, text: one.text });
    }
    const nearest = [...best].sort((a, b) => b[1].points - a[1].points).slice(0, 3)
      .filter(([, hit], i, all) => hit.points > 0.6 && hit.points > 0.5 * all[0][1].points);
    found.replaceChildren();
    if (!box.value.trim()) return;
    if (!nearest.length) found.textContent = "No message is like this one. Is it from another program?";
    for (const [entry, hit] of nearest) {
      const line = document.createElement("span");
      const link = document.createElement("a");
      const text = document.createElement("code");
      link.href = `#${entry.id}`;
      link.textContent = entry.title;
      text.textContent = hit.text;
      line.append(link, document.createElement("br"), text, document.createElement("br"));
      found.append(line);
    }
  };
  box.addEventListener("input", look);
}

/** What the theme and docutils leave out for keyboards and screen readers; axe asks for it. */
function mendForReaders() {
  for (const caption of document.querySelectorAll("p.caption[role=heading]")) caption.ariaLevel = "2";
  document.querySelector(".sidebar-drawer")?.setAttribute("aria-label", "Pages");
  document.querySelector(".toc-drawer")?.setAttribute("aria-label", "On this page");
  for (const head of document.querySelectorAll("th")) {
    if (!head.textContent.trim()) head.innerHTML = "<span class=\"for-readers\">what</span>";
  }
  for (const list of document.querySelectorAll("dt dl")) {  // a signature over several lines
    list.prepend(document.createElement("dt"));
  }
  for (const list of document.querySelectorAll("dl")) {  // parameters without a description
    if (list.lastElementChild?.tagName === "DT") list.append(document.createElement("dd"));
  }
}

/** A figure that is shown smaller than it was drawn leads to itself in full size. */
function linkFigures() {
  for (const figure of document.querySelectorAll("article img[src$='.png']")) {
    if (figure.closest("a") || figure.naturalWidth < 1.5 * figure.clientWidth) continue;
    if (!figure.clientWidth) continue;  // the other theme's, or in a tab that is not shown
    const link = document.createElement("a");
    link.href = figure.src;
    link.title = "in full size";
    for (const theme of ["only-light", "only-dark"]) {
      if (figure.classList.contains(theme)) link.classList.add(theme);
    }
    figure.replaceWith(link);
    link.append(figure);
  }
}

/** What can be scrolled can be reached by the keyboard. */
function reachWhatScrolls() {
  for (const part of document.querySelectorAll("pre, table, mjx-container[display=true], .scroll")) {
    if (part.scrollWidth > part.clientWidth) part.tabIndex = 0;
  }
}

/** What a tab or a folded answer hides has no width until it is shown. */
function reachWhatIsShownLater() {
  document.addEventListener("toggle", reachWhatScrolls, true);
  document.addEventListener("change", reachWhatScrolls);
}

document.addEventListener("DOMContentLoaded", () => {
  filterClaims();
  lookUpErrors();
  mendForReaders();
  reachWhatIsShownLater();
});
window.addEventListener("load", () => {
  linkFigures();
  reachWhatScrolls();
  window.MathJax?.startup?.promise?.then(reachWhatScrolls);
});
window.addEventListener("resize", reachWhatScrolls);
