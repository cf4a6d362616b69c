// The view: everything that the reader has chosen, and how it is written into the page's address.

function firstView() {
  return {
    left: data.runs[0].name,
    right: data.runs.length > 1 ? data.runs[1].name : "",
    nets: new Set(),   // names of nets that are switched off
    seeds: new Set(),  // seeds that are switched off
    train: true, test: true, each: false,
    what: "gradient", step: 0, layer: 1,
  };
}

// The runs that are shown: one or two.
function runsOf(view) {
  return [view.left, view.right]
    .map(name => data.runs.find(run => run.name === name))
    .filter(run => run);
}

// The trainings of a run that are switched on.
function shownOf(run, view) {
  return run.trainings.filter(one => !view.nets.has(one.net) && !view.seeds.has(one.seed));
}

// The part of the address after "#": everything in which a view differs from the first view.
function toAddress(view) {
  const words = new URLSearchParams(), first = firstView();
  for (const key of ["left", "right", "what", "step", "layer"])
    if (view[key] !== first[key]) words.set(key, view[key]);
  for (const key of ["train", "test", "each"])
    if (view[key] !== first[key]) words.set(key, view[key] ? "on" : "off");
  for (const net of view.nets) words.append("without", net);
  for (const seed of view.seeds) words.append("without-seed", seed);
  return words.toString();
}

// The view that an address describes. Names that do not occur in this page are ignored.
function fromAddress(text) {
  const words = new URLSearchParams(text), view = firstView();
  const names = data.runs.map(run => run.name);
  if (names.includes(words.get("left"))) view.left = words.get("left");
  if (words.has("right") && ["", ...names].includes(words.get("right")))
    view.right = words.get("right");
  if (SHOWN.includes(words.get("what"))) view.what = words.get("what");
  for (const key of ["step", "layer"])
    if (/^\d{1,12}$/.test(words.get(key) ?? "")) view[key] = +words.get(key);
  for (const key of ["train", "test", "each"])
    if (words.has(key)) view[key] = words.get(key) === "on";
  const known = new Set(data.nets.map(net => net.name));
  view.nets = new Set(words.getAll("without").filter(net => known.has(net)));
  const seeds = new Set(data.runs.flatMap(run => run.trainings.map(one => one.seed)));
  view.seeds = new Set(words.getAll("without-seed").map(Number).filter(one => seeds.has(one)));
  return view;
}
