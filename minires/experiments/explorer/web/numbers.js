// Work out what the page shows from the numbers that it contains.
//
// data.runs[r].trainings[t] is one net with one seed:
//   epoch, train, test   a number for each epoch; errors in percent
//   steps                the steps of training at which norms were recorded
//   depths               the layers; 1 is next to the images
//   gradient, weight     [step][layer]: log10 of the norm, in thousandths; null if there is none
//   update               likewise, the ratio of update and weight norm; [] if none was recorded

const data = JSON.parse(document.getElementById("numbers").textContent);

const WHAT = {
  gradient: {
    name: "gradient norm",
    about: "The norm of the gradient of each layer's weights.",
  },
  weight: {
    name: "weight norm",
    about: "The norm of each layer's weights.",
  },
  ratio: {
    name: "gradient norm / weight norm",
    about: "Gradient norm divided by weight norm. Multiplied by the learning rate, it is the " +
      "size of a step of SGD without momentum, relative to the weights.",
  },
  update: {
    name: "update norm / weight norm",
    about: "The update ratio: how far the next step moves each layer's weights, divided by their " +
      "norm. It includes momentum, weight decay and all else that the optimiser does. The dashed " +
      "line is a rule of thumb: with a suitable learning rate the ratio is about 1e-3 (Karpathy, " +
      "notes of Stanford's course CS231n). Layers before batch norm may settle at a few times that.",
    guide: -3,
  },
};

// The quantities that at least one training of the page has.
const SHOWN = Object.keys(WHAT).filter(what => what !== "update" ||
  data.runs.some(run => run.trainings.some(one => one.update.length)));

// log10 of a norm or ratio of a training, or null.
function power(training, what, step, layer) {
  if (what === "update") {
    const update = training.update[step]?.[layer] ?? null;
    return update === null ? null : update / data.perPower;
  }
  const gradient = training.gradient[step][layer], weight = training.weight[step][layer];
  if (what === "gradient") return gradient === null ? null : gradient / data.perPower;
  if (what === "weight") return weight === null ? null : weight / data.perPower;
  return gradient === null || weight === null ? null : (gradient - weight) / data.perPower;
}

// The index of the last entry of an ascending list that is not above `value`; -1 if there is none.
function lastAtOrBefore(list, value) {
  let low = 0, high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

// A map from x to one or more values -> points with the mean, lowest and highest value at each x.
// If one of the values is null, the mean is null, and lines have a gap there.
function summarised(groups) {
  return [...groups].sort((a, b) => a[0] - b[0]).map(([x, values]) => {
    if (values.includes(null)) return {x, middle: null};
    const middle = values.reduce((sum, value) => sum + value, 0) / values.length;
    return {x, middle, low: Math.min(...values), high: Math.max(...values)};
  });
}

function addTo(groups, x, value) {
  if (groups.has(x)) groups.get(x).push(value);
  else groups.set(x, [value]);
}

// Points of the error curve of some trainings; `which` is "train" or "test".
function errorPoints(trainings, which) {
  const groups = new Map();
  for (const one of trainings)
    one.epoch.forEach((epoch, i) => addTo(groups, epoch, one[which][i]));
  return summarised(groups);
}

// Points of the norms of all layers at a step of training, with geometric means. If a training
// recorded nothing at this step, its last record before that counts.
function layerPoints(trainings, what, step) {
  const groups = new Map();
  for (const one of trainings) {
    const at = lastAtOrBefore(one.steps, step);
    if (at >= 0) one.depths.forEach((depth, i) => addTo(groups, depth, power(one, what, at, i)));
  }
  return summarised(groups);
}

// All recorded steps of some trainings, in ascending order.
function stepsOf(trainings) {
  return [...new Set(trainings.flatMap(one => one.steps))].sort((a, b) => a - b);
}

// The lowest and the highest log10 of a norm or ratio in some trainings.
function powersOf(trainings, what) {
  let low = Infinity, high = -Infinity;
  for (const one of trainings)
    one.steps.forEach((_, step) => one.depths.forEach((_, layer) => {
      const value = power(one, what, step, layer);
      if (value !== null && value < low) low = value;
      if (value !== null && value > high) high = value;
    }));
  return low > high ? [0, 1] : [low, Math.max(high, low + 0.01)];
}

// [[net, its trainings], ...] in the order of the page's nets.
function byNet(trainings) {
  return data.nets
    .map(net => [net, trainings.filter(one => one.net === net.name)])
    .filter(([, its]) => its.length);
}
