/** First scrubbing, on the page; the server's is the thorough one and looks at everything again. */

/** Take e-mail addresses, long numbers and keys out of a text, put its white space in order, and cut it. */
export const scrub = (text, longest) =>
  text
    .replace(/[^\s@"'<>(]{1,64}(?:@|%40)[^\s@"'<>)]{1,64}/g, "[email]")
    .replace(/\+?\d(?:[ .()/-]{0,2}\d){5,}/g, "[number]")
    .replace(/[\w-]{32,}/g, "[secret]")
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, longest);
