/** The old way to send, for a page that has broken `fetch`. */

/** Send a batch's text; again after 2, 4, 8... seconds where there is no answer, a limit or overload, while `mayRetry`. */
export function post(endpoint, body, mayRetry, pause = 2) {
  const request = new XMLHttpRequest();
  request.onloadend = () => {
    if (request.status && request.status < 429) return;
    const again = JSON.stringify(Object.assign(JSON.parse(body), { sent_at: Date.now() + pause * 1e3 }));
    setTimeout(() => mayRetry() && post(endpoint, again, mayRetry, pause * 2), pause * 1e3);
  };
  request.open("POST", endpoint);
  request.send(body);
}
