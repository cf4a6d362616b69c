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

/** A browser makes columns of words as narrow as their longest word before it lets a table scroll. */
function giveWordsRoom() {
  for (const cell of document.querySelectorAll("article td")) {
    const letters = cell.textContent.trim().length;
    if (letters > 20) cell.classList.add(letters > 60 ? "many-words" : "some-words");
  }
}

/** A long dotted name is broken after a dot, not within a word. */
function breakAtDots() {
  const name = document.querySelector("article h1")?.firstChild;
  if (!/^\w+(\.\w+)+$/.test(name?.data)) return;
  const pieces = name.data.split(/(?<=\.)/);
  name.replaceWith(...pieces.flatMap((piece) => [piece, document.createElement("wbr")]));
}

/** A figure that is shown smaller than it was drawn opens in full size, where it can be scrolled. */
function enlargeFigures() {
  for (const figure of document.querySelectorAll("article img")) {
    if (!figure.clientWidth) continue;  // the other theme's, or in a part that is not shown
    const button = figure.closest("button.enlarge");
    const small = figure.naturalWidth > 1.2 * widthOf(figure);
    if (button) {
      button.disabled = !small;  // a window may have become wider
      button.querySelector(".said").hidden = !small;
    } else if (small && !figure.closest("a")) {
      addButton(figure);
    }
  }
}

/** Of the picture alone, without the card that it lies on. */
function widthOf(figure) {
  const style = getComputedStyle(figure);
  return figure.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
}

function addButton(figure) {
  const button = document.createElement("button"), said = document.createElement("span");
  button.type = "button";
  button.className = "enlarge";
  for (const theme of ["only-light", "only-dark"]) {
    if (figure.classList.contains(theme)) button.classList.add(theme);
  }
  said.className = "said";
  said.textContent = "enlarge";
  figure.replaceWith(button);
  button.append(figure, said);
  button.addEventListener("click", () => showEnlarged(figure));
}

function showEnlarged(figure) {
  const dialog = document.createElement("dialog"), form = document.createElement("form");
  const close = document.createElement("button"), large = document.createElement("img");
  dialog.className = "enlarged";
  if (figure.closest(".cell_output")) dialog.classList.add("cell_output");  // its card
  dialog.setAttribute("aria-label", "figure in full size");
  form.method = "dialog";
  close.textContent = "close";
  large.src = figure.src;
  large.alt = figure.alt;
  large.className = figure.classList.contains("plot") ? "plot" : "";
  form.append(close);
  dialog.append(form, large);
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.showModal();
}

/** What can be scrolled can be reached by the keyboard. */
function reachWhatScrolls() {
  for (const part of document.querySelectorAll("pre, table, mjx-container[display=true], .scroll")) {
    if (part.scrollWidth > part.clientWidth) part.tabIndex = 0;
  }
}

/** What a tab or a folded answer hides has no width until it is shown. */
function seeToWhatIsShown() {
  enlargeFigures();
  reachWhatScrolls();
}

document.addEventListener("DOMContentLoaded", () => {
  filterClaims();
  lookUpErrors();
  mendForReaders();
  giveWordsRoom();
  breakAtDots();
  document.addEventListener("toggle", seeToWhatIsShown, true);
  document.addEventListener("change", seeToWhatIsShown);
  new MutationObserver(seeToWhatIsShown).observe(document.body, { attributeFilter: ["data-theme"] });
});
window.addEventListener("load", () => {
  seeToWhatIsShown();
  window.MathJax?.startup?.promise?.then(reachWhatScrolls);
});
window.addEventListener("resize", seeToWhatIsShown);
