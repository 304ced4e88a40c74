/* Server-sent events (HTML standard, section 9.2.6) read from a fetch() answer, because an EventSource cannot send the
   token. Only `event` and `data` are kept; a comment counts as a sign of life. */

/** Each event of an answer, `{ type, data }`, as it comes; one without data is a sign of life. */
export async function* events(answer) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const blocks = (rest + value).replaceAll("\r\n", "\n").split("\n\n");
      rest = blocks.pop();
      yield* blocks.map(event);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function event(block) {
  const found = { type: "message", data: "" };
  const data = [];
  for (const text of block.split("\n")) {
    const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(text);
    if (field === "event") found.type = value;
    if (field === "data") data.push(value);
  }
  found.data = data.join("\n");
  return found;
}
