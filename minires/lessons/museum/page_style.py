"""The museum page's style sheet and its script.

The page is complete without the script: choices are a list, and results are folded. With the
script, choices are buttons, a guess opens the result, and guesses are counted and kept until the
window is closed.
"""

STYLE = """
:root { --right: #1a7f37; --wrong: #b3261e; --added: #fdecea; --taken: #e8f4ea; --soft: #f5f7f9; }
@media (prefers-color-scheme: dark) { :root { --right: #5bd37a; --wrong: #ff8f87;
  --added: #3a1d1c; --taken: #16301f; --soft: #161b22; } }
nav ul { list-style: none; padding: 0; columns: 17rem; margin: 0.3rem 0 1rem; }
nav li { break-inside: avoid; padding: 0.1rem 0; }
article { border-top: 1px solid var(--line); padding-top: 0.5rem; margin-top: 2.5rem; }
article h3 { font-size: 1.3rem; margin: 0.8rem 0 0.3rem; }
.diff { background: var(--soft); padding: 0.6rem 0; font-size: 0.85rem; line-height: 1.45; }
.diff span { display: block; padding: 0 0.8rem; min-width: max-content; }
.diff .taken { background: var(--taken); } .diff .added { background: var(--added); }
.question { border-left: 4px solid var(--link); padding: 0.1rem 0 0.1rem 0.9rem; margin: 1.2rem 0; }
.question button { font: inherit; display: block; width: 100%; max-width: 34rem; text-align: left;
  margin: 0.35rem 0; padding: 0.45rem 0.8rem; color: var(--text); background: var(--soft);
  border: 1px solid var(--line); border-radius: 0.4rem; cursor: pointer; }
.question button:hover:enabled { border-color: var(--link); }
.question button:disabled { cursor: default; opacity: 1; }
.question button.right { border: 2px solid var(--right); }
.question button.missed { border: 2px solid var(--wrong); text-decoration: line-through; }
.question ul { margin: 0.3rem 0; }
details { margin: 0.6rem 0; } summary { cursor: pointer; }
.says { border: 1px solid var(--line); border-radius: 0.4rem; padding: 0.5rem 0.8rem;
  font-family: ui-monospace, monospace; font-size: 0.9rem; }
.score { position: sticky; bottom: 0; background: var(--page); border-top: 1px solid var(--line);
  padding: 0.5rem 0; margin-top: 3rem; }
article[hidden] { display: none; }
"""

SCRIPT = """
(function () {
  const kept = (function () {
    try { return JSON.parse(sessionStorage.getItem("minires-museum") || "{}"); }
    catch (error) { return {}; }
  })();
  const questions = Array.from(document.querySelectorAll(".question"));
  const score = document.querySelector(".score");
  function count() {
    const made = questions.filter((one) => one.dataset.guess !== undefined);
    const right = made.filter((one) => one.dataset.guess === one.dataset.answer);
    score.hidden = made.length === 0;
    score.querySelector("output").textContent =
      right.length + " of " + made.length + " guesses right, " +
      (questions.length - made.length) + " questions left";
  }
  function keep() {
    try { sessionStorage.setItem("minires-museum", JSON.stringify(kept)); } catch (error) {}
  }
  questions.forEach(function (question) {
    const list = question.querySelector("ul"), result = question.querySelector("details");
    const buttons = Array.from(list.children).map(function (item, number) {
      const button = document.createElement("button");
      button.type = "button";
      button.innerHTML = item.innerHTML;
      button.addEventListener("click", () => guess(String(number), true));
      return button;
    });
    const box = document.createElement("div");
    buttons.forEach((button) => box.appendChild(button));
    list.replaceWith(box);
    result.hidden = true;
    function guess(number, isNew) {
      question.dataset.guess = number;
      buttons.forEach(function (button, i) {
        button.disabled = true;
        if (String(i) === question.dataset.answer) {
          button.classList.add("right");
          button.append(" ✓");
        } else if (String(i) === number) {
          button.classList.add("missed");
          button.append(" ✗");
        }
      });
      result.hidden = false;
      result.open = true;
      if (isNew) { kept[question.id] = number; keep(); }
      count();
    }
    if (kept[question.id] !== undefined) { guess(kept[question.id], false); }
  });
  score.querySelector("button").addEventListener("click", function () {
    try { sessionStorage.removeItem("minires-museum"); } catch (error) {}
    location.reload();
  });
  count();
})();
"""
