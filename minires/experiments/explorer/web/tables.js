// The numbers as tables, and as CSV.

const HEAD = ["net", "seeds", "training error", "test error", "norm"];

const average = values => values.reduce((sum, value) => sum + value, 0) / values.length;

// "58.0 % (56.2-58.9)": the mean, and for several seeds the lowest and the highest value.
function spread(values) {
  const mean = `${average(values).toFixed(1)} %`;
  if (values.length === 1) return mean;
  return `${mean} (${Math.min(...values).toFixed(1)}\u2013${Math.max(...values).toFixed(1)})`;
}

// The chosen norm of a net at the chosen step and layer, a geometric mean over its seeds.
function chosenNorm(trainings, view) {
  const point = layerPoints(trainings, view.what, view.step).find(one => one.x === view.layer);
  return point && point.middle !== null ? 10 ** point.middle : null;
}

// A norm with three digits, and for very small and large norms with a power of ten.
function written(norm) {
  if (norm === null) return "\u2013";
  return minus(norm < 1e-4 || norm >= 1e5 ? norm.toExponential(2) : norm.toPrecision(3));
}

function drawTable(room, run, view) {
  const table = make("table"), head = make("tr");
  // On a narrow screen the table can be scrolled, with the keyboard too.
  const wide = make("div", {class: "wide", tabindex: 0, role: "group", "aria-label": run.name});
  table.append(make("caption", {}, run.name));
  HEAD.forEach((text, i) => head.append(
    make("th", {scope: "col", class: i ? "number" : ""}, text)));
  table.append(head);
  for (const [net, its] of byNet(shownOf(run, view))) {
    const row = make("tr");
    row.append(make("th", {scope: "row"}, net.name));
    const cells = [
      its.length, spread(its.map(one => one.train.at(-1))), spread(its.map(one => one.test.at(-1))),
      written(chosenNorm(its, view)),
    ];
    for (const text of cells) row.append(make("td", {class: "number"}, text));
    table.append(row);
  }
  wide.append(table);
  room.replaceChildren(wide);
}

function aboutNumbers(view) {
  const name = layerName(view);
  return "Errors are those of the last recorded epoch: mean over the chosen seeds " +
    "(lowest\u2013highest). " +
    `Norm: ${WHAT[view.what].name} of layer ${view.layer}${name && ` (${name})`} ` +
    `${momentOf(view)}, geometric mean over the seeds.`;
}

// ---- CSV: rows of numbers and words; the first row has the names of the columns

const CSV = {
  summary(view) {
    const rows = [["run", "net", "seeds", "train_error", "test_error", "step", "layer", view.what]];
    for (const run of runsOf(view))
      for (const [net, its] of byNet(shownOf(run, view)))
        rows.push([run.name, net.name, its.length, average(its.map(one => one.train.at(-1))),
          average(its.map(one => one.test.at(-1))), view.step, view.layer, chosenNorm(its, view)]);
    return rows;
  },
  errors(view) {
    const rows = [["run", "net", "seed", "epoch", "train_error", "test_error"]];
    for (const run of runsOf(view))
      for (const one of shownOf(run, view))
        one.epoch.forEach((epoch, i) =>
          rows.push([run.name, one.net, one.seed, epoch, one.train[i], one.test[i]]));
    return rows;
  },
  norms(view) {
    const rows = [["run", "net", "seed", "step", "depth", "layer", "gradient_norm", "weight_norm",
      "update_ratio"]];
    for (const run of runsOf(view))
      for (const one of shownOf(run, view)) rows.push(...normRows(run, one, view.step));
    return rows;
  },
};

function normRows(run, training, step) {
  const at = lastAtOrBefore(training.steps, step);
  if (at < 0) return [];
  const names = new Map(run.layers[training.net]);
  const norm = (what, i) => {
    const value = power(training, what, at, i);
    return value === null ? null : 10 ** value;
  };
  return training.depths.map((depth, i) => [run.name, training.net, training.seed,
    training.steps[at], depth, names.get(depth), norm("gradient", i), norm("weight", i),
    norm("update", i)]);
}

// Text that a spreadsheet would take for a formula gets an apostrophe in front.
function csvCell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(+value.toPrecision(6));
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function download(name, rows) {
  const text = rows.map(row => row.map(csvCell).join(",") + "\n").join("");
  const link = make("a", {
    href: URL.createObjectURL(new Blob([text], {type: "text/csv"})), download: name,
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
