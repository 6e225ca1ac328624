// What stands beside the chart's cursor: the day, the values, the change; and the same as a sentence.
import { say } from "./figures.js";

const GAP_PX = 14;

function part(tag, className, parent) {
  const element = parent.appendChild(document.createElement(tag));
  if (className) element.className = className;
  return element;
}

export class Tip {
  constructor(plot, data) {
    this.plot = plot;
    this.data = data;
    this.box = part("div", "u-tip", plot);
    this.box.hidden = true;
    this.box.setAttribute("aria-hidden", "true");
    const head = part("p", "tip-head", this.box);
    this.day = part("span", "", head);
    this.change = part("span", "", head);
    [this.now, this.nowValue] = this.row();
    [this.before, this.beforeValue] = this.row();
    this.before.parentElement.dataset.prev = "";
    const drawn = plot.parentElement.querySelectorAll(".legend .by");
    this.others = (data.others ?? []).map(({ name, values }, index) => {
      const [label, value] = this.row();
      label.textContent = name;
      label.before(drawn[index].ownerSVGElement.cloneNode(true));
      return [value, values];
    });
    this.note = part("p", "tip-note", this.box);
  }

  row() {
    const row = part("p", "tip-row", this.box);
    return [part("span", "", row), part("b", "", row)];
  }

  show(index, left) {
    const value = index === null ? null : this.data.current[index];
    if (value === null || value === undefined) {
      this.box.hidden = true;
      return;
    }
    this.fill(index);
    this.box.hidden = false;
    this.place(left);
  }

  fill(index) {
    const { data } = this;
    const { text, tone } = data.changes[index];
    this.day.textContent = data.labels[index];
    this.change.textContent = text;
    this.change.dataset.tone = tone;
    this.now.textContent = index === data.partial ? "So far" : data.name;
    this.nowValue.textContent = say(data.current[index], data.unit);
    this.before.parentElement.hidden = !data.previous || data.previous[index] === null;
    this.before.textContent = data.previousLabels[index] ?? "";
    this.beforeValue.textContent = data.previous ? say(data.previous[index], data.unit) : "";
    for (const [value, values] of this.others) value.textContent = say(values[index], data.unit);
    this.note.textContent = data.notes?.[index] ?? "";
  }

  // Right of the cursor, or left of it where there is no room; within the plot either way.
  place(left) {
    const room = this.plot.clientWidth;
    const width = this.box.offsetWidth;
    const right = left + GAP_PX;
    const x = right + width > room ? Math.max(0, left - GAP_PX - width) : right;
    this.box.style.transform = `translate(${Math.round(x)}px, 36px)`;
  }

  sentence(index) {
    const { data } = this;
    const words = [`${data.labels[index]}: ${say(data.current[index], data.unit)} ${data.name.toLowerCase()}`];
    if (index === data.partial) words.push("so far");
    if (data.previous && data.previous[index] !== null) {
      words.push(`${data.previousLabels[index]}: ${say(data.previous[index], data.unit)}`);
    }
    for (const { name, values } of data.others ?? []) words.push(`${name.toLowerCase()} ${say(values[index], data.unit)}`);
    if (data.changes[index].text) words.push(data.changes[index].text);
    if (data.notes?.[index]) words.push(data.notes[index]);
    return `${words.join(", ")}.`;
  }
}
