// The line chart: this period against the one before, or a total with its parts. The server has drawn the same lines; this
// adds axes, a cursor with the values, keys, and a drag over a stretch that leads to it as a period. Data: apps/core/charts.py,
// LineChart.data.
import uPlot from "uplot";
import { axisText } from "./figures.js";
import { palette } from "./palette.js";
import { Tip } from "./tip.js";

const FONT_PX = 12;
const LABEL_GAP_PX = 10;
const LEAST_DRAG_PX = 8;
const TOP_PX = 20;
const FOOT_PX = 28;

function stroke(colour, width, dash) {
  return { stroke: colour, width, dash, points: { show: false }, spanGaps: false };
}

// Lines beside the chart's own, as the stylesheet has them.
function others(plot) {
  return [...plot.querySelectorAll(".lines .by")].map((path) => {
    const { color, strokeDasharray } = getComputedStyle(path);
    return stroke(color, 1.5, strokeDasharray.match(/[\d.]+/g)?.map(Number));
  });
}

function fade(u, colours) {
  const { top, height } = u.bbox;
  const gradient = u.ctx.createLinearGradient(0, top, 0, top + height);
  gradient.addColorStop(0, colours.fill);
  gradient.addColorStop(1, colours.clear);
  return gradient;
}

// Before the running bucket the line is solid; the step into it is dashed, because it isn't over.
function columns(data) {
  const { current, previous, partial } = data;
  const indexes = current.map((_, index) => index);
  const solid = current.map((value, index) => (partial === null || index < partial ? value : null));
  const open = current.map((value, index) => (partial !== null && (index === partial || index === partial - 1) ? value : null));
  return [indexes, previous ?? indexes.map(() => null), ...data.others?.map((one) => one.values) ?? [], solid, open];
}

function weekends(u, data, colours) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.fillStyle = colours.weekend;
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  const half = (u.valToPos(1, "x", true) - u.valToPos(0, "x", true)) / 2;
  for (const index of data.weekends) ctx.fillRect(u.valToPos(index, "x", true) - half, bbox.top, half * 2, bbox.height);
  ctx.restore();
}

function zones(u, data, colours) {
  const { ctx, bbox } = u;
  for (const { name, low, high } of data.zones ?? []) {
    const top = u.valToPos(high, "y", true);
    ctx.fillStyle = colours[name];
    ctx.fillRect(bbox.left, top, bbox.width, u.valToPos(low, "y", true) - top);
  }
}

// What happened: a dot on the line, some with a word above.
function marks(u, data, colours) {
  const { ctx, bbox } = u;
  const ratio = uPlot.pxRatio;
  ctx.save();
  ctx.font = `600 ${FONT_PX * ratio}px ${colours.font}`;
  ctx.lineWidth = 2 * ratio;
  ctx.setLineDash([]);
  ctx.strokeStyle = colours.surface;
  for (const { index, label } of data.marks ?? []) {
    const [x, y] = [u.valToPos(index, "x", true), u.valToPos(data.current[index], "y", true)];
    ctx.beginPath();
    ctx.arc(x, y, 4.5 * ratio, 0, 2 * Math.PI);
    ctx.fillStyle = colours.line;
    ctx.fill();
    ctx.stroke();
    ctx.fillStyle = colours.ink;
    const half = ctx.measureText(label).width / 2;
    ctx.textAlign = x - half < bbox.left ? "left" : x + half > bbox.left + bbox.width ? "right" : "center";
    // Set off from the lines that run behind it.
    ctx.strokeText(label, x, y - 10 * ratio);
    ctx.fillText(label, x, y - 10 * ratio);
  }
  ctx.restore();
}

function write(u, data, colours) {
  const { ctx, bbox } = u;
  const ratio = uPlot.pxRatio;
  ctx.save();
  ctx.font = `400 ${FONT_PX * ratio}px ${colours.font}`;
  ctx.fillStyle = colours.text;
  ctx.textBaseline = "middle";
  ctx.textAlign = "right";
  data.axis.slice(1).forEach((value, index) => {
    ctx.fillText(data.axisTexts?.[index] ?? axisText(value, data.unit), ctx.canvas.width, u.valToPos(value, "y", true));
  });
  dates(u, data, ratio, bbox.top + bbox.height + 16 * ratio);
  ctx.restore();
}

function dates(u, data, ratio, y) {
  const { ctx, bbox } = u;
  // The first label stands right of its point, so the second needs half a label more of room.
  const widest = 1.5 * Math.max(...data.ticks.map((tick) => ctx.measureText(tick).width)) + LABEL_GAP_PX * ratio;
  const every = Math.max(1, Math.ceil(data.ticks.length / Math.max(1, Math.floor(bbox.width / widest))));
  const right = bbox.left + bbox.width;
  for (let index = 0; index < data.ticks.length; index += every) {
    const x = u.valToPos(index, "x", true);
    const half = ctx.measureText(data.ticks[index]).width / 2;
    ctx.textAlign = x - half < bbox.left ? "left" : x + half > right ? "right" : "center";
    ctx.fillText(data.ticks[index], x, y);
  }
}

// The cursor stands on a point, never between two.
function snap(u, left, top) {
  if (left < 0) return [left, top];
  const last = u.data[0].length - 1;
  return [u.valToPos(Math.min(last, Math.max(0, Math.round(u.posToVal(left, "x")))), "x"), top];
}

function options(data, colours, size, hooks, beside) {
  const last = Math.max(1, data.current.length - 1);
  const thin = 1 + beside.length;
  return {
    ...size,
    legend: { show: false },
    padding: [TOP_PX, 0, 0, 0],
    scales: { x: { time: false, range: [0, last] }, y: { range: [0, data.axis.at(-1)] } },
    axes: [
      { size: FOOT_PX, grid: { show: false }, ticks: { show: false }, values: () => [], border: { show: true, stroke: colours.base, width: 1 } },
      { side: 1, size: size.end, grid: { stroke: colours.grid, width: 1 }, ticks: { show: false }, splits: () => data.axis.slice(1), values: () => [] },
    ],
    series: [
      {},
      stroke(colours.previous, 1.5, [4, 4]),
      ...beside,
      { ...stroke(colours.line, 2), fill: (u) => fade(u, colours) },
      stroke(colours.line, 2, [2, 5]),
    ],
    cursor: {
      y: false,
      move: snap,
      drag: { x: Boolean(data.zoom), y: false, setScale: false, dist: LEAST_DRAG_PX },
      points: {
        size: (u, series) => (series <= thin ? 8 : 10),
        width: 2,
        fill: (u, series) => (series <= thin ? colours.surface : colours.line),
        stroke: (u, series) => (series <= thin ? u.series[series].stroke() : colours.surface),
      },
    },
    hooks,
  };
}

class Chart {
  constructor(plot, data) {
    this.plot = plot;
    this.data = data;
    this.index = null;
    this.tip = new Tip(plot, data);
    this.voice = plot.appendChild(document.createElement("p"));
    this.voice.className = "vh";
    this.voice.setAttribute("aria-live", "polite");
    this.draw();
    this.listen();
  }

  size() {
    const { clientWidth: width, clientHeight: height } = this.plot;
    return { width, height, end: parseFloat(getComputedStyle(this.plot).getPropertyValue("--plot-end")) };
  }

  draw() {
    this.u?.destroy();
    const colours = palette(this.plot);
    const hooks = {
      drawClear: [(u) => weekends(u, this.data, colours), (u) => zones(u, this.data, colours)],
      draw: [(u) => write(u, this.data, colours), (u) => marks(u, this.data, colours)],
      setCursor: [(u) => this.point(u.cursor.idx)],
      setSelect: [(u) => this.zoom(u)],
    };
    this.u = new uPlot(options(this.data, colours, this.size(), hooks, others(this.plot)), columns(this.data), this.plot);
    this.plot.dataset.drawn = "";
  }

  point(index) {
    this.index = index ?? null;
    const left = index == null ? null : this.u.valToPos(index, "x");
    this.tip.show(index ?? null, left);
  }

  // Also by keys: the cursor moves as if the pointer stood there.
  move(index) {
    this.u.setCursor({ left: this.u.valToPos(index, "x"), top: 0 });
    this.voice.textContent = this.tip.sentence(index);
  }

  onKey(event) {
    const last = this.data.current.length - 1;
    const at = this.index;
    const next = { ArrowLeft: at === null ? last : Math.max(0, at - 1), ArrowRight: at === null ? 0 : Math.min(last, at + 1), Home: 0, End: last }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      this.move(next);
    } else if (event.key === "Enter" && at !== null) {
      this.go(at, at);
    } else if (event.key === "Escape") {
      this.u.setCursor({ left: -10, top: -10 });
    }
  }

  zoom(u) {
    if (u.select.width < LEAST_DRAG_PX) return;
    const from = Math.round(u.posToVal(u.select.left, "x"));
    const to = Math.round(u.posToVal(u.select.left + u.select.width, "x"));
    this.go(from, to);
  }

  go(from, to) {
    if (!this.data.zoom) return;
    const [first, last] = [this.data.days[from]?.[0], this.data.days[to]?.[1]];
    if (first && last) location.assign(this.data.zoom.replace("{from}", first).replace("{to}", last));
  }

  onTouch(event) {
    const box = this.u.over.getBoundingClientRect();
    this.u.setCursor({ left: event.touches[0].clientX - box.left, top: 0 });
  }

  listen() {
    // A fragment may take the plot out of the page: then its listeners go too.
    const gone = new AbortController();
    const { signal } = gone;
    const redraw = () => (this.plot.isConnected ? this.draw() : gone.abort());
    this.plot.addEventListener("keydown", (event) => this.onKey(event));
    this.plot.addEventListener("blur", () => this.u.setCursor({ left: -10, top: -10 }));
    this.plot.addEventListener("touchmove", (event) => this.onTouch(event), { passive: true });
    document.addEventListener("beacon:theme", redraw, { signal });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw, { signal });
    // The labels are measured in the page's font, which may come after the first drawing.
    document.fonts.ready.then(redraw);
    new ResizeObserver(() => this.plot.isConnected && this.plot.clientWidth && this.fit()).observe(this.plot);
  }

  fit() {
    const { width, height } = this.size();
    if (width !== this.u.width || height !== this.u.height) this.draw();
  }
}

export function attachChart(plot) {
  const source = document.getElementById(plot.dataset.source);
  return new Chart(plot, JSON.parse(source.textContent));
}

