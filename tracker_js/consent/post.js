/** The old way to send, for a page that has broken `fetch`. */

/**
 * Send a batch's text. Where there is no answer, a limit or overload: again when the server says, else after 2, 4, 8...
 * seconds, up to a second later, so that pages don't return all at once; while `mayRetry`. `stop` is called where the server
 * doesn't know the site.
 */
export function post(endpoint, body, { mayRetry, stop }, pause = 2) {
  const request = new XMLHttpRequest();
  request.onloadend = () => {
    const { status } = request;
    if (status === 404) stop();
    if (status && status < 429) return;
    const seconds = (status && +request.getResponseHeader("Retry-After")) || pause;
    setTimeout(() => {
      if (!mayRetry()) return;
      const again = JSON.stringify(Object.assign(JSON.parse(body), { sent_at: Date.now() }));
      post(endpoint, again, { mayRetry, stop }, pause * 2);
    }, (seconds + Math.random()) * 1e3);
  };
  request.open("POST", endpoint);
  request.send(body);
}
