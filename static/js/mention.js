// Behind an @ in a note: the colleagues whose name or address begins so. Data: the JSON of the id in data-people.
const SHOWN = 6;
const WORD = /(?:^|[\s(])@([\p{L}\p{N}._-]{0,40}(?: [\p{L}\p{N}._-]{0,40})?)$/u;

function fits({ name, email }, typed) {
  const wanted = typed.toLowerCase();
  return name.toLowerCase().startsWith(wanted) || name.toLowerCase().split(" ").some((part) => part.startsWith(wanted)) || email.startsWith(wanted);
}

class Mention {
  constructor(field) {
    this.field = field;
    this.people = JSON.parse(document.getElementById(field.dataset.people).textContent);
    this.list = document.createElement("ul");
    Object.assign(this.list, { id: `${field.id}-names`, className: "mention-list", role: "listbox", hidden: true });
    this.list.setAttribute("aria-label", "Colleagues");
    field.after(this.list);
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", this.list.id);
    field.addEventListener("input", () => this.look());
    field.addEventListener("keydown", (event) => this.onKey(event));
    field.addEventListener("blur", () => this.close());
    // Before the field loses its focus.
    this.list.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const item = event.target.closest("li");
      if (item) this.take(this.found[[...this.list.children].indexOf(item)]);
    });
  }

  look() {
    const before = this.field.value.slice(0, this.field.selectionStart);
    this.typed = WORD.exec(before)?.[1];
    this.found = this.typed === undefined ? [] : this.people.filter((one) => fits(one, this.typed)).slice(0, SHOWN);
    if (!this.found.length) return this.close();
    this.list.replaceChildren(...this.found.map((one, index) => this.item(one, index)));
    this.list.hidden = false;
    return this.mark(0);
  }

  item({ name, email }, index) {
    const item = document.createElement("li");
    Object.assign(item, { id: `${this.list.id}-${index}`, role: "option", textContent: name });
    if (email !== name) item.appendChild(document.createElement("small")).textContent = email;
    return item;
  }

  mark(index) {
    this.at = (index + this.found.length) % this.found.length;
    [...this.list.children].forEach((item, number) => item.setAttribute("aria-selected", String(number === this.at)));
    this.field.setAttribute("aria-activedescendant", `${this.list.id}-${this.at}`);
  }

  close() {
    this.list.hidden = true;
    this.field.removeAttribute("aria-activedescendant");
  }

  take({ name }) {
    const end = this.field.selectionStart;
    this.field.setRangeText(`@${name} `, end - this.typed.length - 1, end, "end");
    this.close();
  }

  onKey(event) {
    if (this.list.hidden) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.mark(this.at + step);
    else if (event.key === "Enter" || event.key === "Tab") this.take(this.found[this.at]);
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

export function attachMention(field) {
  return new Mention(field);
}
