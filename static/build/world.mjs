// The world map: world-atlas (Natural Earth, public domain) at 1:110m in Equal Earth, one path a country, whose id is its
// ISO code. The page draws it by <use href="world.svg#land"> and shades countries by <use href="world.svg#DE" class="c m3">.
//
// apps/core/projection.py puts points on the same map in Python; the samples in world.json let a test compare the two.
import { createRequire } from "node:module";
import { geoEqualEarth, geoPath } from "d3-geo";
import { feature } from "topojson-client";

const require = createRequire(import.meta.url);

// Turned by 11 degrees, the map is cut in the Bering Strait, so that no country stands on both edges.
const PROJECTION = { width: 1000, height: 473, rotate: 11, scale: 199.4, translate: [498.1, 264.3] };
const ANTARCTICA = "010";
const SPECK = 0.6; // square units: islands smaller than that are not seen
const SAMPLES = [[0, 0], [13.4, 52.52], [-74, 40.71], [139.69, 35.69], [151.2, -33.87], [-58.4, -34.6], [178.4, -18.1], [-168.1, 65.6], [179.9, 68], [24.9, 60.2]];

function alpha2(country) {
  if (country.properties.name === "Kosovo") return "XK";
  const { numericToAlpha2 } = require("i18n-iso-countries");
  return country.id ? numericToAlpha2(country.id) : undefined;
}

// Half a unit is half a pixel at most: rounding to it makes neighbours agree and the file a third smaller.
function ring(points) {
  const halves = points.map((point) => point.map((value) => Math.round(value * 2)));
  let [x, y] = halves[0];
  const steps = [];
  for (const [nextX, nextY] of halves.slice(1, -1)) {
    if (nextX !== x || nextY !== y) steps.push(`${pair(nextX - x, nextY - y)}`);
    [x, y] = [nextX, nextY];
  }
  return `M${pair(...halves[0])}l${steps.join(" ")}z`;
}

function pair(x, y) {
  const [left, right] = [x, y].map((value) => String(value / 2).replace(/^(-?)0\./, "$1."));
  return left + (right.startsWith("-") ? "" : " ") + right;
}

function area(points) {
  let sum = 0;
  for (let i = 0; i + 1 < points.length; i += 1) sum += points[i][0] * points[i + 1][1] - points[i + 1][0] * points[i][1];
  return Math.abs(sum / 2);
}

// d3 draws into a context: collecting its calls gives the rings after projection, clipping and cutting.
function rings(projection, shape) {
  const found = [];
  const context = {
    moveTo: (x, y) => found.push([[x, y]]),
    lineTo: (x, y) => found.at(-1).push([x, y]),
    closePath: () => found.at(-1).push(found.at(-1)[0]),
    arc: () => undefined,
  };
  geoPath(projection, context)(shape);
  const bySize = found.sort((a, b) => area(b) - area(a));
  return bySize.filter((points, index) => index === 0 || area(points) > SPECK);
}

/** Return the map's SVG and the JSON that describes its projection. */
export async function world() {
  const topology = require("world-atlas/countries-110m.json");
  const projection = geoEqualEarth().rotate([-PROJECTION.rotate, 0]).scale(PROJECTION.scale).translate(PROJECTION.translate).precision(0.3);
  const countries = feature(topology, topology.objects.countries).features.filter((country) => country.id !== ANTARCTICA);
  const codes = [];
  const paths = countries.map((country) => {
    const code = alpha2(country);
    if (code) codes.push(code);
    const id = code ? ` id="${code}"` : "";
    return `<path${id} d="${rings(projection, country).map(ring).join("")}"/>`;
  });
  const { width, height } = PROJECTION;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}"><!-- Natural Earth by world-atlas, public domain --><g id="land">${paths.join("")}</g></svg>\n`;
  const samples = SAMPLES.map((point) => ({ point, at: projection(point).map((value) => Number(value.toFixed(3))) }));
  return { svg, json: `${JSON.stringify({ ...PROJECTION, codes: codes.sort(), samples })}\n` };
}
