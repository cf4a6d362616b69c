"""A part of an HTML page: a curve of the gradient norm of every layer, with a slider that moves
through the recorded steps of training.

JavaScript in the page draws the curve, as wide as the screen allows, from numbers that the page
contains. Without JavaScript the page shows a sentence instead.
"""

import json
import math
from collections.abc import Sequence
from statistics import mean

from ...plot.rows import nets_by_depth
from ...plot.themes import DARK, LIGHT
from ...types import Row

STYLE = """
#slider svg { width: 100%; height: 24rem; display: block; touch-action: pan-y; }
#slider text { fill: var(--quiet); font: 12px system-ui, sans-serif; }
#slider .name { font-weight: bold; }
#slider .grid { stroke: var(--line); }
#slider .net { fill: none; stroke-width: 2.5; stroke-linejoin: round; }
#slider form { display: flex; gap: 0.8rem; align-items: center; flex-wrap: wrap; }
#slider input { flex: 1; min-width: 10rem; }
#slider output { min-width: 8.5rem; font-variant-numeric: tabular-nums; }
"""
HTML = """<div id="slider">
<form><button type="button">play</button>
<input type="range" min="0" max="{last}" value="0" step="1" aria-label="step of training">
<output></output></form>
<svg role="img" aria-label="gradient norm of each layer"></svg>
<noscript>The slider needs JavaScript.</noscript>
</div>
<script type="application/json" id="gradients">{data}</script>
<script>{script}</script>"""
SCRIPT = """
(() => {
  const data = JSON.parse(document.getElementById("gradients").textContent);
  const root = document.getElementById("slider"), svg = root.querySelector("svg");
  const range = root.querySelector("input"), label = root.querySelector("output");
  const button = root.querySelector("button");
  const space = "http://www.w3.org/2000/svg";
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const add = (name, attributes, text) => {
    const one = document.createElementNS(space, name);
    for (const key in attributes) one.setAttribute(key, attributes[key]);
    if (text !== undefined) one.textContent = text;
    svg.append(one);
    return one;
  };
  const draw = () => {
    const width = svg.clientWidth, height = svg.clientHeight;
    const left = 44, right = 80, top = 12, bottom = 40;
    const x = layer => left + (width - left - right) * layer / data.layers;
    const y = power => top + (height - top - bottom) * (data.high - power) / (data.high - data.low);
    svg.replaceChildren();
    for (let power = data.low; power <= data.high; power++) {
      add("line", {x1: left, x2: width - right, y1: y(power), y2: y(power), class: "grid"});
      const tick = add("text", {x: left - 6, y: y(power) + 4, "text-anchor": "end"}, "10");
      const raised = document.createElementNS(space, "tspan");
      raised.setAttribute("dy", "-5"); raised.setAttribute("font-size", "9");
      raised.textContent = power < 0 ? "\u2212" + -power : power;
      tick.append(raised);
    }
    for (let layer = 0; layer <= data.layers; layer += data.layers > 30 ? 10 : 5)
      add("text", {x: x(layer), y: height - bottom + 18, "text-anchor": "middle"}, layer);
    add("text", {x: left, y: height - 4}, "layer, from the images on");
    const names = [];
    for (const net of data.nets) {
      const colour = net.colours[dark.matches ? 1 : 0], powers = net.powers[range.value];
      let path = "", pen = "M";
      powers.forEach((power, i) => {
        if (power === null) { pen = "M"; return; }
        path += pen + x(i + 1).toFixed(1) + " " + y(power).toFixed(1);
        pen = "L";
      });
      add("path", {d: path, class: "net", stroke: colour});
      const ends = powers.flatMap((power, i) => power === null ? [] : [i]);
      if (ends.length) {
        const last = ends[ends.length - 1];
        names.push([x(last + 1) + 6, y(powers[last]) + 4, net.name, colour]);
      }
    }
    names.sort((a, b) => a[1] - b[1]);
    names.forEach((one, i) => {
      for (const other of names.slice(0, i))
        if (Math.abs(other[0] - one[0]) < 70 && one[1] < other[1] + 14) one[1] = other[1] + 14;
      add("text", {x: one[0], y: one[1], class: "name", style: "fill: " + one[3]}, one[2]);
    });
    const step = data.iterations[range.value];
    label.textContent = step === 0 ? "before training" : "after " + step.toLocaleString("en") +
      (step === 1 ? " step" : " steps");
  };
  let timer = null;
  const stop = () => { clearInterval(timer); timer = null; button.textContent = "play"; };
  button.addEventListener("click", () => {
    if (timer !== null) return stop();
    if (range.value === range.max) range.value = 0;
    button.textContent = "stop";
    timer = setInterval(() => {
      range.value = +range.value + 1;
      draw();
      if (range.value === range.max) stop();
    }, 400);
  });
  range.addEventListener("input", () => { stop(); draw(); });
  dark.addEventListener("change", draw);
  new ResizeObserver(draw).observe(svg);
})();
"""


def html(gradients: Sequence[Row]) -> str:
    """The slider and its curves as HTML; a page with them also needs `STYLE`.

    Curves are geometric means over the seeds.

    Parameters
    ----------
    gradients : list of dict
        Rows with net, seed, iteration, depth (1 is next to the images) and gradient_norm. The last
        layer of each net is not drawn, as in `plot.gradient_norms`.
    """
    names = nets_by_depth(gradients)
    iterations = sorted({row["iteration"] for row in gradients})
    groups: dict[tuple[str, int, int], list[float]] = {}
    for row in gradients:
        groups.setdefault((row["net"], row["iteration"], row["depth"]), []).append(
            row["gradient_norm"]
        )
    layers = {net: max(depth for name, _, depth in groups if name == net) - 1 for net in names}
    nets = [
        {
            "name": net,
            "colours": [theme.colour(net, names) for theme in (LIGHT, DARK)],
            "powers": [
                [_power(groups.get((net, iteration, layer))) for layer in range(1, layers[net] + 1)]
                for iteration in iterations
            ],
        }
        for net in names
    ]
    powers = [p for net in nets for row in net["powers"] for p in row if p is not None] or [0.0]
    data = {
        "iterations": iterations,
        "layers": max(layers.values()),
        "low": math.floor(min(powers)),
        "high": max(math.ceil(max(powers)), math.floor(min(powers)) + 1),
        "nets": nets,
    }
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    return HTML.format(last=len(iterations) - 1, data=text, script=SCRIPT)


def _power(norms):
    """log10 of the geometric mean of norms; None if a norm is missing, 0 or not finite."""
    if not norms or not all(0 < norm < math.inf for norm in norms):
        return None
    return round(mean(map(math.log10, norms)), 3)
