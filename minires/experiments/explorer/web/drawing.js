// Charts as SVG: axes, lines with bands, names at the ends of lines.

const SPACE = "http://www.w3.org/2000/svg";
const dark = matchMedia("(prefers-color-scheme: dark)");
const theme = () => dark.matches ? "dark" : "light";

function make(name, attributes = {}, text) {
  const one = document.createElement(name);
  for (const key in attributes) one.setAttribute(key, attributes[key]);
  if (text !== undefined) one.textContent = text;
  return one;
}

// Add a piece of a drawing to `parent`.
function draw(parent, name, attributes, text) {
  const one = document.createElementNS(SPACE, name);
  for (const key in attributes) one.setAttribute(key, attributes[key]);
  if (text !== undefined) one.textContent = text;
  parent.append(one);
  return one;
}

const minus = number => String(number).replace("-", "\u2212");
const grouped = number => number.toLocaleString("en");
const counted = (number, word) => `${grouped(number)} ${word}${number === 1 ? "" : "s"}`;

// About `count` round numbers from low to high.
function ticks(low, high, count) {
  const rough = (high - low) / count, ten = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(one => one * ten).find(one => one >= rough);
  const found = [];
  for (let i = Math.ceil(low / step); i * step <= high; i++) found.push(i * step);
  return found;
}

// A path "M x y L x y ..." through the points, with a gap where a point has no value.
function pathOf(points, x, y) {
  let path = "", pen = "M";
  for (const point of points) {
    if (point.middle === null) { pen = "M"; continue; }
    path += `${pen}${x(point.x).toFixed(1)} ${y(point.middle).toFixed(1)}`;
    pen = "L";
  }
  return path;
}

// The outline of the band from the lowest to the highest value.
function bandOf(points, x, y) {
  const there = points.filter(point => point.middle !== null);
  if (there.length < 2) return "";
  const place = (point, value) => `${x(point.x).toFixed(1)} ${y(value).toFixed(1)}`;
  const up = there.map(point => place(point, point.high));
  const down = there.map(point => place(point, point.low)).reverse();
  return `M${[...up, ...down].join("L")}Z`;
}

// Draw a chart into `svg`.
//   x, y     {low, high, title, ticks}: range, title, numbers on the axis; y.write writes a number
//   lines    [{points, net, dash, width, band, name}]
//   chosen   an x to mark by a line, or null
//   guide    a y with a dashed line, or none
function chart(svg, {x, y, lines, chosen = null, guide}) {
  const width = svg.clientWidth, height = svg.clientHeight;
  const longest = Math.max(0, ...lines.map(line => (line.name ?? "").length));
  const left = 48, right = Math.min(12 + 7.5 * longest, 130, width / 3), top = 22, bottom = 40;
  const span = x.high - x.low || 1;
  const toX = value => left + (width - left - right) * (value - x.low) / span;
  const toY = value => top + (height - top - bottom) * (y.high - value) / (y.high - y.low);
  svg.replaceChildren();
  for (const value of y.ticks) {
    draw(svg, "line", {x1: left, x2: width - right, y1: toY(value), y2: toY(value), class: "grid"});
    y.write(draw(svg, "text", {x: left - 6, y: toY(value) + 4, "text-anchor": "end"}), value);
  }
  for (const value of x.ticks)
    draw(svg, "text", {x: toX(value), y: height - bottom + 18, "text-anchor": "middle"},
      grouped(value));
  draw(svg, "text", {x: left, y: height - 4}, x.title);
  draw(svg, "text", {x: 2, y: 12}, y.title);
  if (chosen !== null)
    draw(svg, "line", {x1: toX(chosen), x2: toX(chosen), y1: top, y2: height - bottom,
      class: "chosen"});
  if (guide !== undefined)
    draw(svg, "line", {x1: left, x2: width - right, y1: toY(guide), y2: toY(guide),
      class: "guide"});
  for (const line of lines) {
    const colour = line.net.line[theme()];
    if (line.band)
      draw(svg, "path", {d: bandOf(line.points, toX, toY), fill: colour, "fill-opacity": 0.18});
    draw(svg, "path", {d: pathOf(line.points, toX, toY), class: "net", stroke: colour,
      "stroke-width": line.width, "stroke-dasharray": line.dash});
    drawLonePoints(svg, line, toX, toY, colour);
  }
  nameEnds(svg, lines, toX, toY, height - bottom, right);
}

// A line with a single point would be invisible: draw a dot.
function drawLonePoints(svg, line, toX, toY, colour) {
  const there = line.points.filter(point => point.middle !== null);
  if (there.length === 1)
    draw(svg, "circle", {cx: toX(there[0].x), cy: toY(there[0].middle), r: 3, fill: colour});
}

// Names this close to each other, in pixels, are pushed apart.
const LINE = 14, BESIDE = 80;

// Write the names of lines at their ends. Names that would overlap are pushed down, and up again
// where they would leave the chart.
function nameEnds(svg, lines, toX, toY, bottom, room) {
  const ends = [];
  for (const line of lines) {
    const last = line.points.findLast(point => point.middle !== null);
    if (line.name && last)
      ends.push({x: toX(last.x) + 6, y: toY(last.middle) + 4, line});
  }
  ends.sort((a, b) => a.y - b.y);
  const beside = (end, others) => others.filter(other => Math.abs(other.x - end.x) < BESIDE);
  ends.forEach((end, i) => {
    for (const other of beside(end, ends.slice(0, i))) end.y = Math.max(end.y, other.y + LINE);
  });
  ends.reverse().forEach((end, i) => {
    end.y = Math.min(end.y, bottom + 4);
    for (const other of beside(end, ends.slice(0, i))) end.y = Math.min(end.y, other.y - LINE);
  });
  for (const end of ends) {
    const most = Math.floor((room - 8) / 7), name = end.line.name;
    const text = name.length > most + 1 ? `${name.slice(0, most - 1)}…` : name;
    const style = `fill: ${end.line.net.word[theme()]}`;
    draw(svg, "text", {x: end.x, y: end.y, class: "name", style}, text);
  }
}

// Write ten to a power.
function writePower(text, value) {
  text.textContent = "10";
  draw(text, "tspan", {dy: -5, "font-size": 9}, minus(value));
}

function writeNumber(text, value) {
  text.textContent = minus(+value.toFixed(6));
}
