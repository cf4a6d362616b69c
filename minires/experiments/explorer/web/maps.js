// Heat maps: a column for each recorded step, a row for each layer. When the slider moves, only the
// frame on them moves; they are painted again only when their numbers change.

const ROW = 4, LOWEST = 96, HIGHEST = 460;  // pixels

// A number from 0 to 1 -> [red, green, blue], interpolated between the page's colours.
function mapColour(part) {
  const last = data.map.length - 1, place = Math.min(Math.max(part, 0), 1) * last;
  const i = Math.min(Math.floor(place), last - 1);
  const [a, b] = [data.map[i], data.map[i + 1]].map(one =>
    [1, 3, 5].map(at => parseInt(one.slice(at, at + 2), 16)));
  return a.map((value, channel) => Math.round(value + (b[channel] - value) * (place - i)));
}

// Draw the maps of a run into `room`. Returns functions that move their frames to a view.
function drawMaps(room, run, view, range, choose) {
  room.replaceChildren();
  const moves = [];
  for (const [net, its] of byNet(shownOf(run, view))) {
    const steps = stepsOf(its), columns = steps.map(step => layerPoints(its, view.what, step));
    const some = columns.some(points => points.some(point => point.middle !== null));
    if (some) moves.push(drawMap(room, net, steps, columns, view, range, choose));
  }
  if (!moves.length)
    room.append(make("p", {class: "small"}, view.what === "update"
      ? "This run has no update ratios: an earlier version of minires recorded it."
      : "There are no norms of layers to show."));
  return moves;
}

function drawMap(room, net, steps, columns, view, range, choose) {
  const depths = [...new Set(columns.flatMap(points => points.map(point => point.x)))]
    .sort((a, b) => a - b);
  const figure = make("figure", {class: "map"}), grid = make("div", {class: "grid"});
  const cells = make("div", {class: "cells"}), canvas = make("canvas");
  const column = make("div", {class: "column"}), cell = make("div", {class: "cell"});
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${WHAT[view.what].name} of ${net.name} by step of training ` +
    `and layer, from ${counted(steps[0], "step")} to ${counted(steps.at(-1), "step")}`);
  paint(canvas, columns, depths, range);
  const tall = Math.min(Math.max(ROW * depths.length, LOWEST), HIGHEST);
  cells.style.height = `${tall}px`;
  cells.append(canvas, column, cell);
  grid.append(sideOf(depths), cells, belowOf(steps));
  figure.append(make("figcaption", {}, net.name), grid);
  room.append(figure);
  followPointer(cells, steps, depths, choose);
  return at => moveFrame(column, cell, steps, depths, at);
}

// Paint one pixel for each cell; the browser scales the image to the size of the map.
function paint(canvas, columns, depths, [low, high]) {
  canvas.width = columns.length;
  canvas.height = depths.length;
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns.length, depths.length);
  const row = new Map(depths.map((depth, i) => [depth, depths.length - 1 - i]));
  columns.forEach((points, x) => points.forEach(point => {
    if (point.middle === null) return;  // stays transparent
    const colour = mapColour((point.middle - low) / (high - low));
    image.data.set([...colour, 255], 4 * (row.get(point.x) * columns.length + x));
  }));
  context.putImageData(image, 0, 0);
}

function sideOf(depths) {
  const side = make("div", {class: "side", "aria-hidden": "true"});
  side.append(make("span", {}, depths.at(-1)), make("span", {}, depths[0]));
  return side;
}

// Labels below the map: a few of the steps, each below its column.
function belowOf(steps) {
  const below = make("div", {class: "below", "aria-hidden": "true"});
  const every = (steps.length - 1) / 4;
  const chosen = new Set([0, 1, 2, 3, 4].map(i => Math.round(i * every)));
  for (const i of chosen) {
    const label = make("span", {}, grouped(steps[i]));
    label.style.left = `${100 * (i + 0.5) / steps.length}%`;
    below.append(label);
  }
  return below;
}

// Choose the step and layer of the cell that is clicked or dragged over.
function followPointer(cells, steps, depths, choose) {
  const pick = event => {
    const box = cells.getBoundingClientRect();
    const part = (value, size, count) =>
      Math.min(Math.max(Math.floor(value / size * count), 0), count - 1);
    choose({
      step: steps[part(event.clientX - box.left, box.width, steps.length)],
      layer: depths[depths.length - 1 - part(event.clientY - box.top, box.height, depths.length)],
    });
  };
  cells.addEventListener("pointerdown", pick);
  cells.addEventListener("pointermove", event => { if (event.buttons) pick(event); });
}

function moveFrame(column, cell, steps, depths, view) {
  const x = Math.max(lastAtOrBefore(steps, view.step), 0);
  const y = lastAtOrBefore(depths, view.layer);
  for (const one of [column, cell]) {
    one.style.left = `${100 * x / steps.length}%`;
    one.style.width = `${100 / steps.length}%`;
  }
  cell.hidden = depths[y] !== view.layer;
  cell.style.top = `calc(${100 * (depths.length - 1 - y) / depths.length}% - 2px)`;
  cell.style.height = `calc(${100 / depths.length}% + 4px)`;
}

// Draw the colour scale with the norms at its ends.
function drawScale(room, [low, high], what) {
  const bar = make("i");
  bar.style.background = `linear-gradient(to right, ${data.map.join(", ")})`;
  const end = value => make("span", {}, written(10 ** value));
  room.replaceChildren(make("span", {}, `${WHAT[what].name}:`), end(low), bar, end(high),
    make("span", {}, "on a logarithmic scale"));
}
