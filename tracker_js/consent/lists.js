/** Hear what the core puts into a list. Assigning wouldn't do where the page has frozen `Array.prototype`. */
export function onPush(list, value) {
  Object.defineProperty(list, "push", { value });
}

export const push = (list, item) => Array.prototype.push.call(list, item);
