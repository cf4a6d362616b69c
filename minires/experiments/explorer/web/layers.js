// The norms of all layers at one step of training.

// All trainings of the runs that are shown, including nets and seeds that are switched off, so that
// axes stay the same when a net is switched off.
const allOf = view => runsOf(view).flatMap(run => run.trainings);
const deepest = view => Math.max(1, ...allOf(view).flatMap(one => one.depths.slice(-1)));

function layerLines(net, trainings, view) {
  const groups = view.each ? trainings.map(one => [one]) : [trainings];
  return groups.map((group, i) => ({
    points: layerPoints(group, view.what, view.step), net, dash: net.dash,
    width: view.each ? 1.2 : 2.2,
    band: !view.each && group.length > 1,
    name: i === 0 ? net.name : undefined,
  }));
}

function drawLayers(svg, run, view, range) {
  const guide = WHAT[view.what].guide, both = guide === undefined ? range : [...range, guide];
  const low = Math.floor(Math.min(...both)), high = Math.ceil(Math.max(...both));
  const last = deepest(view);
  const groups = byNet(shownOf(run, view)).filter(([, its]) => its.some(one => one.steps.length));
  const powers = Array.from({length: Math.min(high - low, 40) + 1}, (_, i) => low + i);
  const every = Math.ceil(powers.length / 8);
  chart(svg, {
    x: {low: 0, high: last, title: "layer, from the images on", ticks: ticks(0, last, 6)},
    y: {low, high, title: WHAT[view.what].name,
      ticks: powers.filter((_, i) => i % every === 0), write: writePower},
    lines: groups.flatMap(([net, its]) => layerLines(net, its, view)),
    chosen: view.layer,
    guide,
  });
  svg.setAttribute("aria-label", groups.length
    ? `${WHAT[view.what].name} by layer ${momentOf(view)} of ` +
      groups.map(([net]) => net.name).join(", ")
    : "no norms of layers to show");
}

function momentOf(view) {
  return view.step === 0 ? "before training" : `after ${counted(view.step, "step")}`;
}

// The name of the chosen layer, or names, if it differs between the nets that are shown.
function layerName(view) {
  const names = new Set();
  for (const run of runsOf(view))
    for (const one of shownOf(run, view)) {
      const found = (run.layers[one.net] ?? []).find(([depth]) => depth === view.layer);
      if (found) names.add(found[1]);
    }
  const some = [...names];
  return some.slice(0, 2).join(" or ") + (some.length > 2 ? ", ..." : "");
}
