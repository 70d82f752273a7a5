// @ts-check
// Answers the questions of Afresh for a system in JavaScript or TypeScript. Copy this file; it needs only Node.

/**
 * A message. Bodies, states and views must stay the same when `JSON` writes and reads them.
 * @typedef {{ from: string, id: string, body: any }} Message
 * A change of the history: a message that comes late or is withdrawn, or one that is replaced by another.
 * @typedef {{ late?: Message, withdrawn?: Message, revised?: [Message, Message] }} Change
 * A system; `state` is undefined before the first message, and `apply` may change it.
 * @typedef {object} System
 * @property {string} [name]
 * @property {string} [version]
 * @property {string[]} [flows]
 * @property {(body: any) => string[]} keys The keys that a message concerns.
 * @property {(key: string, state: any, message: Message, flows: string[]) => any} apply The state after a message.
 * @property {(key: string, state: any) => any} view The part of the state that is recorded and compared.
 * @property {(key: string, state: any, flows: string[]) => Record<string, any>} outputs
 *     Everything that should have been sent: an object from slot to body.
 * The other methods are optional. They return undefined if they have nothing to say.
 * @property {(body: any) => string | undefined} [admit] The reason why the message must not count.
 * @property {(body: any) => number | number[]} [position] The place in the history of its keys.
 * @property {(key: string, slot: string, body: any) => string} [receiver] Where an output goes, if not `downstream`.
 * @property {(key: string, slot: string, body: any) => any} [route] The body of a message to other keys.
 * @property {(key: string, state: any) => { invariant: string, found: string }[]} [invariants] The broken ones.
 * @property {(key: string, state: any, change: Change, flows: string[]) => any} [update] The state after a change.
 * @property {(key: string, messages: Message[], flows: string[]) => any} [restate]
 *     The view after these messages, computed in another way.
 * @property {(key: string, state: any, view: any) => any} [learn] The state, completed from a recorded view.
 * @property {(key: string, state: any, view: any) => Record<string, "equal" | "differs" | "unknown">} [compare]
 * @property {(seed: number) => Message[]} [workload] The messages of a simulated run.
 */

function fold(/** @type {System} */ system, ask, messages) {
  let { key, state, flows = [], each, messages: indices } = ask;
  const states = [];
  try {
    indices.forEach((index, number) => {
      state = system.apply(key, state, messages[index], flows);
      const more = number + 1 < indices.length;
      if (more && !each) return;
      const text = JSON.stringify(state);
      states.push(`{"state":${text}${ask.look ? "," + JSON.stringify(look(system, key, state, flows)).slice(1) : "}"}`);
      // A service, too, continues from the state that it wrote.
      if (more) state = JSON.parse(text);
    });
    return `{"states":[${states}]}`;
  } catch (error) {
    return `{"states":[${states}],${JSON.stringify(raised(error)).slice(1)}`;
  }
}

function look(/** @type {System} */ system, key, state, flows) {
  const outputs = {};
  for (const [slot, body] of Object.entries(system.outputs(key, state, flows))) {
    outputs[slot] = { body, ...goes(system, key, slot, body) };
  }
  return { view: system.view(key, state), outputs, violations: system.invariants?.(key, state) };
}

function goes(/** @type {System} */ system, key, slot, body) {
  const route = system.route?.(key, slot, body);
  return route === undefined ? { to: system.receiver?.(key, slot, body) } : { route };
}

function raised(error) {
  const [, at] = /([^/\\]+:\d+):\d+\)?$/m.exec(error?.stack) ?? [];
  return { error: String(error?.message ?? error), kind: error?.name, at };
}

function answerTo(/** @type {any} */ system, kind, ask, messages) {
  const { key, state, flows = [], view } = ask;
  const told = (indices) => indices?.map((index) => messages[index]);
  const change = () => ({ late: messages[ask.late], withdrawn: messages[ask.withdrawn], revised: told(ask.revised) });
  switch (kind) {
    case "place": {
      const { body } = messages[ask];
      const reject = system.admit?.(body);
      return reject === undefined ? { keys: system.keys(body), position: system.position?.(body) } : { reject };
    }
    case "look": return look(system, key, state, flows);
    case "receiver": return goes(system, key, ask.slot, ask.body);
    case "update": return { state: system.update(key, state, change(), flows) };
    case "restate": return { view: system.restate(key, told(ask.messages), flows) };
    case "learn": return { state: system.learn(key, state, view) };
    case "compare": return { parts: system.compare(key, state, view) };
    case "workload": return { messages: system.workload(ask.seed) };
    default: throw new Error(`unknown question ${kind}`);
  }
}

function answer(/** @type {System} */ system, question, messages) {
  const [[kind, ask]] = Object.entries(question);
  try {
    return kind === "fold" ? fold(system, ask, messages) : JSON.stringify(answerTo(system, kind, ask, messages));
  } catch (error) {
    return JSON.stringify(raised(error));
  }
}

/** Answers questions until the input ends. Text that the system prints goes to standard error. */
export function serve(/** @type {System} */ system) {
  console.log = console.error;
  const { name, version, flows } = system;
  const answers = ["update", "restate", "learn", "compare", "workload"].filter((question) => question in system);
  const afresh = { protocol: 1, name, version, flows, answers, integer_bits: 53 };
  const answerLine = (line) => {
    const { batch, messages, questions } = JSON.parse(line);
    if (!questions) return `${JSON.stringify({ afresh })}\n`;
    return `{"batch":${batch},"answers":[${questions.map((question) => answer(system, question, messages))}]}\n`;
  };
  let rest = "";
  // The module `readline` would split lines at U+2028, which may be inside a text.
  process.stdin.setEncoding("utf8").on("data", (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    process.stdout.write(lines.map(answerLine).join(""));
  });
}
