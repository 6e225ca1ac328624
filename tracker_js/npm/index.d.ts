/** What a page may tell Beacon. Texts over their cap are cut by the server, which says so in debug mode. */

/** Up to 30; names up to 64 characters, texts up to 500. */
export type Props = Record<string, string | number | boolean>;

export interface EventOptions {
  props?: Props;
  /** What it is worth, in `currency`. */
  value?: number | string;
  /** ISO 4217, e.g. "EUR". */
  currency?: string;
  /** False: happened by itself, so that the visit still counts as a bounce. */
  interactive?: boolean;
  /** What an ad platform's pixel is told as this event's id, so that the platform counts both once. */
  event_id?: string;
}

export type GoalOptions = EventOptions;

export interface Item {
  sku?: string;
  name?: string;
  price?: number | string;
  quantity?: number;
  category?: string;
}

export interface Order {
  /** Counts once per site, however often it is sent. */
  transaction_id: string;
  value: number | string;
  currency: string;
  /** Up to 100. */
  items?: Item[];
  props?: Props;
  /** As of other events. */
  event_id?: string;
}

/** Hashed on arrival. Sent only while analytics consent is granted. */
export interface User {
  id?: string;
  email?: string;
  traits?: Record<string, unknown>;
}

export type Choice = "granted" | "denied" | boolean;

/** What isn't said stays as it is. */
export interface Consent {
  analytics?: Choice;
  marketing?: Choice;
  /** The version of the text that was agreed to, up to 64 characters. */
  text_version?: string;
}

export interface PageviewOptions {
  url?: string;
  title?: string;
  referrer?: string;
}

export interface Options {
  siteId: string;
  /** Where Beacon answers, e.g. "https://track.example.com", with its path if it has one. Needed unless `api` is an absolute address. */
  host?: string;
  /** Another endpoint, absolute or relative to `host`. */
  api?: string;
  /** The fragment is the route. */
  hash?: boolean;
  /** "required": nothing is sent until analytics is granted. */
  consent?: "required";
  /** "off": don't read Google's consent mode or IAB TCF. */
  cmp?: "off";
  /** Count nobody who says Do Not Track. */
  dnt?: boolean;
  /** Keep what couldn't be sent on the device for up to a day. */
  storage?: boolean;
  /** The global's name, "beacon" if left out; also that of the Trusted Types policy. */
  name?: string;
  /** Of the page's policy, for scripts that are loaded later. */
  nonce?: string;
  /** Say on the console what becomes of events. */
  debug?: boolean;
}

/** `window.beacon`, as the tag puts it there. */
export interface Beacon {
  (command: "event", name: string, options?: EventOptions): void;
  (command: "goal", name: string, options?: GoalOptions): void;
  (command: "purchase", order: Order): void;
  (command: "identify", user: User): void;
  (command: "consent", choice: Consent): void;
  (command: "pageview", options?: PageviewOptions): void;
  /** Calls that came before the script, where the page made a stand-in. */
  q?: unknown[];
}

/** Start counting, once a page. On a server it does nothing. Never throws: what is wrong is told in debug mode. */
export function init(options: Options): void;
export function track(name: string, options?: EventOptions): void;
export function goal(name: string, options?: GoalOptions): void;
export function purchase(order: Order): void;
export function identify(user: User): void;
export function consent(choice: Consent): void;
export function pageview(options?: PageviewOptions): void;

declare global {
  interface Window {
    beacon?: Beacon;
  }
}
