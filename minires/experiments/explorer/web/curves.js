// The error curves of a run.

// The range of all errors that are shown, on both sides.
function errorRange(view) {
  const errors = runsOf(view).flatMap(run => shownOf(run, view)).flatMap(one =>
    [...(view.train ? one.train : []), ...(view.test ? one.test : [])]);
  const epochs = runsOf(view).flatMap(run => run.trainings).map(one => one.epoch.at(-1));
  const low = errors.reduce((a, b) => Math.min(a, b), 100);
  const high = errors.reduce((a, b) => Math.max(a, b), 0);
  return {
    low: errors.length ? Math.max(0, low - 5) : 0,
    high: errors.length ? Math.min(100, high + 3) : 100,
    last: Math.max(...epochs),
  };
}

// The lines of one net, training error solid and test error dashed: means, or each seed by itself.
function errorLines(net, trainings, view) {
  const groups = view.each ? trainings.map(one => [one]) : [trainings];
  const kinds = [["train", "", 2.2], ["test", "5 3", 1.6]].filter(([which]) => view[which]);
  return groups.flatMap((group, i) => kinds.map(([which, dash, width], k) => ({
    points: errorPoints(group, which), net, dash,
    width: view.each ? width * 0.6 : width,
    band: !view.each && group.length > 1,
    name: i === 0 && k === 0 ? net.name : undefined,
  })));
}

function drawCurves(svg, run, view) {
  const range = errorRange(view), groups = byNet(shownOf(run, view));
  chart(svg, {
    x: {low: 0, high: range.last, title: "epoch", ticks: ticks(0, range.last, 6)},
    y: {low: range.low, high: range.high, title: "error, %",
      ticks: ticks(range.low, range.high, 6), write: writeNumber},
    lines: groups.flatMap(([net, its]) => errorLines(net, its, view)),
  });
  const kinds = [view.train && "training", view.test && "test"].filter(one => one).join(" and ");
  svg.setAttribute("aria-label", groups.length && kinds
    ? `${kinds} error by epoch of ${groups.map(([net]) => net.name).join(", ")}; ` +
      "the final errors are in the table below"
    : "no error curves: all nets, seeds or errors are switched off");
}

function aboutLines(view) {
  const seeds = new Set(runsOf(view).flatMap(run => shownOf(run, view)).map(one => one.seed));
  const what = view.each
    ? "A thin line for each seed."
    : "Lines are means over the chosen seeds, bands reach from the lowest to the highest.";
  const both = runsOf(view).length > 1 ? "Both sides have the same axes." : "";
  return seeds.size > 1 ? `${what} ${both}` : both;
}
