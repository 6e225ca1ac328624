/** How long the page was visible and its visitor active, and how far down it was seen. */

// Totals of the page view
let engagedMs;
let scrollPercent;

let lastSign; // when there was the last sign of life
let credit; // milliseconds for which that counts at most; none while the page is hidden

/** Count the time since the last sign of life, and take this moment as the next one. */
let pulse = (e) => {
  e = Date.now();
  // Unsigned: where the clock was set back, the difference becomes huge and counts as the credit.
  engagedMs += Math.min((e - lastSign) >>> 0, credit);
  lastSign = e;
  credit = document.hidden ? 0 : 3e4;
};

/** Reads the layout, so it runs on scrolling and at the end, not on every move of the pointer. */
let look = (e) => {
  pulse();
  scrollPercent = Math.max(
    scrollPercent,
    (Math.min(1, (scrollY + innerHeight) / document.documentElement.scrollHeight) * 100) | 0,
  );
};

let recordEngagement = (e) => {
  look();
  entitle();
  record("engagement", { engaged_ms: engagedMs, scroll_percent: scrollPercent });
};
