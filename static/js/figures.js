// Values in words, as apps/core/formats.py and axes.say have them.
import { durationText } from "./times.js";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const two = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

export function say(value, unit) {
  if (value === null || value === undefined) return "–";
  if (unit === "ratio") return `${(value * 100).toFixed(1)}%`;
  if (unit === "duration") return durationText(Math.round(value));
  return unit === "value" ? two.format(value) : whole.format(value);
}

function short(value) {
  for (const [size, letter] of [[1e9, "B"], [1e6, "M"], [1e3, "k"]]) {
    if (value >= size) return `${Number((value / size).toPrecision(3))}${letter}`;
  }
  return String(Number(value.toPrecision(3)));
}

export function axisText(value, unit) {
  if (unit === "ratio") return `${Number((value * 100).toPrecision(3))}%`;
  return unit === "duration" ? durationText(Math.round(value)).replace(" 00s", "").replace(" 00m", "") : short(value);
}
