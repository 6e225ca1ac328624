// Around the socket: a notice while it is away, and a pause. After each connection the server sends the whole picture.
const ENDED = 4404;

/** `element` carries ws-connect. */
export function attachLive(element) {
  let socket = null;
  const notice = element.querySelector("[data-live-notice]");
  const say = (which) => {
    notice.hidden = which === null;
    for (const part of notice.querySelectorAll("[data-when]")) part.hidden = part.dataset.when !== which;
  };
  element.addEventListener("htmx:wsClose", (event) => {
    // Any other end is tried again by itself.
    say(event.detail.event.code === ENDED ? "ended" : "lost");
  });
  element.addEventListener("htmx:wsOpen", (event) => {
    socket = event.detail.socketWrapper;
    say(null);
  });
  element.addEventListener("htmx:wsBeforeMessage", (event) => {
    if (document.documentElement.dataset.paused !== undefined) event.preventDefault();
  });
  document.body.addEventListener("beacon:resumed", () => {
    // What came meanwhile was let pass: any word makes the server send everything anew. A lost socket does so by itself.
    if (element.isConnected && notice.hidden) socket?.send("again", element);
  });
}

export function attachPause(button) {
  const label = button.querySelector("[data-label]");
  button.addEventListener("click", () => {
    const paused = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(paused));
    label.textContent = paused ? "Go on" : "Pause";
    for (const part of button.querySelectorAll("[data-when]")) part.hidden = (part.dataset.when === "paused") !== paused;
    if (paused) {
      document.documentElement.dataset.paused = "";
    } else {
      delete document.documentElement.dataset.paused;
      document.body.dispatchEvent(new CustomEvent("beacon:resumed"));
    }
  });
}
