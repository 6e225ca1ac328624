// Attaches a component's code to every element with its data-component, on the page and in fragments that arrive later.
const registry = new Map();
const SELECTOR = "[data-component]";

/** Say what is done with each element of that name; once an element. */
export function define(name, attach) {
  registry.set(name, { attach, done: new WeakSet() });
}

/** Attach all components in `root`, itself included. May run twice on the same elements. */
export function attachAll(root) {
  const found = [...root.querySelectorAll(SELECTOR)];
  if (root instanceof Element && root.matches(SELECTOR)) found.push(root);
  for (const element of found) {
    for (const name of element.dataset.component.split(" ")) {
      const component = registry.get(name);
      if (component && !component.done.has(element)) {
        component.done.add(element);
        component.attach(element);
      }
    }
  }
}

/** Return a copy of what a <template> of the page holds. */
export function copyOf(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}
