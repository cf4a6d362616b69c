// The page: it holds the view, and draws each part again when the view changes.

const PARTS = ["titles", "curves", "layers", "maps", "tables"];
let view = fromAddress(location.hash.slice(1));
let steps = [], range = [0, 1], moves = [];

// Make a place for each run that is shown, in each part of the page.
function makeRooms() {
  const runs = runsOf(view);
  for (const part of PARTS) {
    const sides = byId(part);
    sides.className = `sides ${runs.length > 1 ? "two" : "one"}`;
    sides.replaceChildren(...runs.map(run => makeRoom(part, run)));
  }
}

function makeRoom(part, run) {
  if (part === "titles") return titleOf(run);
  const room = make("div");
  if (part === "tables") return room;  // the table has the run's name as its caption
  if (runsOf(view).length > 1) room.append(make("b", {}, run.name));
  if (part === "maps") {
    room.append(make("div", {class: "maps"}));
  } else {
    draw(room, "svg", {class: "chart", role: "img"});
  }
  return room;
}

function titleOf(run) {
  const room = make("section");
  room.append(make("h2", {}, run.name), make("p", {class: "small"}, `${run.kind}; ${run.caption}`));
  const notes = make("ul", {class: "notes small"});
  for (const note of run.notes) notes.append(make("li", {}, note));
  if (run.notes.length) room.append(notes);
  return room;
}

const rooms = part => [...byId(part).children];
const charts = part => rooms(part).map(room => room.querySelector("svg"));

// Draw everything that depends on the chosen step and layer.
function drawMoment() {
  const runs = runsOf(view);
  charts("layers").forEach((svg, i) => drawLayers(svg, runs[i], view, range));
  rooms("tables").forEach((room, i) => drawTable(room, runs[i], view));
  moves.forEach(move => move(view));
  showMoment(view, steps);
  byId("about-numbers").textContent = aboutNumbers(view);
}

function drawAll() {
  const runs = runsOf(view);
  range = powersOf(allOf(view), view.what);
  byId("about-lines").textContent = aboutLines(view);
  byId("about-what").textContent = `${WHAT[view.what].about} The vertical axis is logarithmic; ` +
    "the last layer is left out.";
  charts("curves").forEach((svg, i) => drawCurves(svg, runs[i], view));
  drawScale(byId("scale"), range, view.what);
  moves = rooms("maps").flatMap((room, i) =>
    drawMaps(room.querySelector(".maps"), runs[i], view, range, choose));
  drawMoment();
}

// Show the runs in the view, with their own nets, seeds and steps.
function start() {
  steps = stepsOf(allOf(view));
  const at = Math.max(lastAtOrBefore(steps, view.step), 0);
  view.step = steps.length ? steps[at] : 0;
  view.layer = Math.min(Math.max(view.layer, 1), deepest(view));
  byId("norms").hidden = steps.length === 0;
  byId("no-norms").hidden = steps.length > 0;
  makeRooms();
  makeBoxes(view, change);
  showControls(view, steps);
  drawAll();
  writeAddress();
}

// Browsers limit how often a page may change its address, and a slider moves faster than that.
let waiting = null;
function writeAddress() {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    const words = toAddress(view);
    history.replaceState(null, "", words ? `#${words}` : location.pathname + location.search);
  }, 150);
}

// The reader chose something.
function change(chosen) {
  stop();
  Object.assign(view, chosen);
  if ("left" in chosen || "right" in chosen) return start();
  showControls(view, steps);
  drawAll();
  writeAddress();
}

// The reader chose another step or layer.
function choose(chosen) {
  stop();
  Object.assign(view, chosen);
  drawMoment();
  writeAddress();
}

// Go to the next step, or from the last one to the first if `again`. Returns false at the end.
function next(again) {
  let at = lastAtOrBefore(steps, view.step) + 1;
  if (at >= steps.length) {
    if (!again) return false;
    at = 0;
  }
  view.step = steps[at];
  drawMoment();
  writeAddress();
  return true;
}

makeControls(change);
const stop = makePlayer(next);
byId("step").addEventListener("input", event => choose({step: steps[event.target.value]}));
byId("layer").addEventListener("input", event => choose({layer: +event.target.value}));
for (const button of document.querySelectorAll("[data-csv]"))
  button.addEventListener("click", () =>
    download(`${button.dataset.csv}.csv`, CSV[button.dataset.csv](view)));
addEventListener("hashchange", () => {
  stop();
  view = fromAddress(location.hash.slice(1));
  start();
});
dark.addEventListener("change", start);
start();
performance.mark("drawn");
new ResizeObserver(() => {
  const runs = runsOf(view);
  charts("curves").forEach((svg, i) => drawCurves(svg, runs[i], view));
  charts("layers").forEach((svg, i) => drawLayers(svg, runs[i], view, range));
}).observe(byId("explorer"));
