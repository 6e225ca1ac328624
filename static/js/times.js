// Times that go on counting. The words are those of apps/core/formats.py (`ago`, `duration`); tabular figures keep their place.
const SECOND = 1000;
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

const ticking = new Map();
let timer = 0;

export function agoText(seconds) {
  if (seconds < 1) return "now";
  if (seconds < MINUTE) return `${seconds} s ago`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} m ago`;
  // Past a day the server's date stands.
  return seconds < DAY ? `${Math.floor(seconds / HOUR)} h ago` : null;
}

export function durationText(seconds) {
  const two = (value) => String(value).padStart(2, "0");
  if (seconds < MINUTE) return `${seconds}s`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)}m ${two(seconds % MINUTE)}s`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)}h ${two(Math.floor((seconds % HOUR) / MINUTE))}m`;
  return `${Math.floor(seconds / DAY)}d ${Math.floor((seconds % DAY) / HOUR)}h`;
}

function tick() {
  const now = Date.now();
  for (const [element, text] of ticking) {
    if (!element.isConnected) {
      ticking.delete(element);
      continue;
    }
    const seconds = Math.max(0, Math.floor((now - Date.parse(element.dateTime)) / SECOND));
    const said = text(seconds);
    if (said === null) ticking.delete(element);
    else if (element.textContent !== said) element.textContent = said;
  }
  if (!ticking.size) {
    clearInterval(timer);
    timer = 0;
  }
}

function start(element, text) {
  ticking.set(element, text);
  timer ||= setInterval(tick, SECOND);
}

export const attachAgo = (element) => start(element, agoText);
export const attachSince = (element) => start(element, durationText);
