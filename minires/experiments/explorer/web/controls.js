// Boxes, sliders and lists: they show the view, and call `change` with the reader's choice.

const byId = id => document.getElementById(id);

// Fill the lists that never change.
function makeControls(change) {
  for (const side of ["left", "right"]) {
    const list = byId(side);
    if (side === "right") list.append(make("option", {value: ""}, "none"));
    for (const run of data.runs) list.append(make("option", {value: run.name}, run.name));
    list.addEventListener("change", () => change({[side]: list.value}));
  }
  byId("runs").hidden = data.runs.length < 2;
  for (const what of SHOWN) byId("what").append(make("option", {value: what}, WHAT[what].name));
  byId("what").addEventListener("change", event => change({what: event.target.value}));
  for (const key of ["train", "test", "each"])
    byId(key).addEventListener("change", event => change({[key]: event.target.checked}));
  document.querySelectorAll("form").forEach(form =>
    form.addEventListener("submit", event => event.preventDefault()));
}

let boxes = [];  // [{box, kind, value}]

// A box for each net and seed of the runs that are shown.
function makeBoxes(view, change) {
  boxes = [];
  const trainings = allOf(view);
  const nets = byNet(trainings).map(([net]) => [net.name, net]);
  const seeds = [...new Set(trainings.map(one => one.seed))].sort((a, b) => a - b);
  fillBoxes("nets", nets, view, change);
  fillBoxes("seeds", seeds.map(seed => [seed, null]), view, change);
}

// `entries` are [value, net or null]; the view holds the values that are switched off.
function fillBoxes(kind, entries, view, change) {
  const room = byId(kind);
  room.replaceChildren();
  for (const [value, net] of entries) {
    const label = make("label"), box = make("input", {type: "checkbox"});
    boxes.push({box, kind, value});
    box.addEventListener("change", () => {
      const off = new Set(view[kind]);
      if (box.checked) off.delete(value);
      else off.add(value);
      change({[kind]: off});
    });
    label.append(box, " ");
    if (net) label.append(swatch(net), " ");
    label.append(String(value));
    room.append(label);
  }
  const all = document.querySelector(`[data-all="${kind}"]`);
  const none = document.querySelector(`[data-none="${kind}"]`);
  all.setAttribute("aria-label", `all ${kind}`);
  none.setAttribute("aria-label", `no ${kind}`);
  all.onclick = () => change({[kind]: new Set()});
  none.onclick = () => change({[kind]: new Set(entries.map(([value]) => value))});
}

function swatch(net) {
  const one = make("span", {class: "swatch"});
  one.style.background = net.line[theme()];
  return one;
}

// Make the controls show the view.
function showControls(view, steps) {
  for (const key of ["left", "right", "what"]) byId(key).value = view[key];
  for (const key of ["train", "test", "each"]) byId(key).checked = view[key];
  for (const {box, kind, value} of boxes) box.checked = !view[kind].has(value);
  showMoment(view, steps);
}

function showMoment(view, steps) {
  const step = byId("step"), layer = byId("layer"), name = layerName(view);
  step.max = Math.max(steps.length - 1, 0);
  step.value = Math.max(lastAtOrBefore(steps, view.step), 0);
  step.disabled = byId("play").disabled = layer.disabled = steps.length === 0;
  layer.max = deepest(view);
  layer.value = view.layer;
  byId("step-said").textContent = momentOf(view);
  byId("layer-said").textContent = `${view.layer}${name && `, ${name}`}`;
  step.setAttribute("aria-valuetext", momentOf(view));
  layer.setAttribute("aria-valuetext", `layer ${view.layer}${name && `, ${name}`}`);
}

// The play button, which calls `next` until it returns false; returns a function that stops it.
function makePlayer(next) {
  let timer = null;
  const button = byId("play");
  const stop = () => {
    clearInterval(timer);
    timer = null;
    button.textContent = "play";
  };
  button.addEventListener("click", () => {
    if (timer !== null) return stop();
    button.textContent = "stop";
    next(true);
    timer = setInterval(() => { if (!next(false)) stop(); }, 400);
  });
  return stop;
}
