/** Stands between the core and its lists. Assigning wouldn't do where the page has frozen `Array.prototype`. */

const { push, unshift } = Array.prototype;

/** Hear what the core puts into a list, in place of the list. */
export function onPush(list, value) {
  Object.defineProperty(list, "push", { value, configurable: true });
}

/** Show each event of the queue and its batch to `mark`, now and later, and let nothing in while `isShut`. */
export function watch(queue, mark, isShut) {
  const watchBatch = (batch) => {
    batch.events.forEach((event) => mark(event, batch));
    onPush(batch.events, (event) => {
      mark(event, batch);
      if (!isShut()) push.call(batch.events, event);
    });
  };
  queue.forEach(watchBatch);
  onPush(queue, (batch) => {
    watchBatch(batch);
    if (!isShut()) push.call(queue, batch);
  });
  // A request that failed comes back to the front, and one that was cut in two.
  Object.defineProperty(queue, "unshift", {
    value: (...batches) => {
      if (!isShut()) unshift.apply(queue, batches);
    },
  });
}
