// Answers the questions of Afresh for a system in TypeScript. Copy this file; it needs only Node 22.18 or later.

/** A message. Bodies, states and views must stay the same when `JSON` writes and reads them. */
export type Message<Body = any> = { from: string; id: string; body: Body };

/** A change of the history: a message that comes late, one that is withdrawn, or one before and after its revision. */
export type Change<Body = any> = { late?: Message<Body>; withdrawn?: Message<Body>; revised?: Message<Body>[] };

/** A system; `state` is undefined before the first message, and `apply` may change it. */
export interface System<Body = any, State = any, View = any> {
  /** The keys that a message concerns. */
  keys(body: Body): string[];
  /** The state after a message. */
  apply(key: string, state: State | undefined, message: Message<Body>, flows: string[]): State;
  /** The part of the state that is recorded and compared. */
  view(key: string, state: State | undefined): View;
  /** Everything that should have been sent: an object from slot to body. */
  outputs(key: string, state: State | undefined, flows: string[]): Record<string, unknown>;
  // The rest is optional. A method returns undefined if it has nothing to say.
  name?: string;
  version?: string;
  flows?: string[];
  properties?: { name: string; expect: "always" | "eventually" | "sometimes" }[];
  admit?(body: any): string | undefined; // The reason why the message must not count.
  position?(body: Body): number | number[]; // The place in the history of its keys.
  receiver?(key: string, slot: string, body: any): string; // Where an output goes, if not to `downstream`.
  route?(key: string, slot: string, body: any): unknown; // The body of a message to other keys.
  invariants?(key: string, state: State | undefined): { invariant: string; found: string }[]; // The broken ones.
  update?(key: string, state: State | undefined, change: Change<Body>, flows: string[]): State | undefined;
  restate?(key: string, messages: Message<Body>[], flows: string[]): View | undefined; // Computed in another way.
  learn?(key: string, state: State | undefined, view: any): State | undefined; // Completed from a recorded view.
  compare?(key: string, state: State | undefined, view: any): Record<string, "equal" | "differs" | "unknown">;
  workload?(seed: number): Message<Body>[]; // The messages of a simulated run.
  property?(name: string, states: Record<string, State>): string | undefined; // The reason why it does not hold.
}

/** Answers questions until the input ends. Text that the system prints goes to standard error. */
export function serve(system: System): void {
  console = new console.Console(process.stderr);
  Reflect.deleteProperty(Object.prototype, "__proto__"); // So that an object can have a field of this name.
  const { name, version, flows, properties } = system;
  const answers = ["update", "restate", "learn", "compare", "workload"].filter((question) => question in system);
  const afresh = { protocol: 1, name, version, flows, properties, answers, integer_bits: 53 };
  const answerLine = (line: string) => {
    const { batch, messages, questions } = JSON.parse(line);
    if (!questions) return `${JSON.stringify({ afresh })}\n`;
    return `{"batch":${batch},"answers":[${questions.map((question: any) => answer(system, question, messages))}]}\n`;
  };
  let rest = ""; // The module `readline` would split lines at U+2028, which may be inside a text.
  process.stdin.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    process.stdout.write(lines.map(answerLine).join(""));
  });
}

function answer(system: System, question: object, messages: Message[]): string {
  const [[kind, ask]] = Object.entries(question);
  try {
    return kind === "fold" ? fold(system, ask, messages) : JSON.stringify(answerTo(system, kind, ask, messages));
  } catch (error) {
    return JSON.stringify(raised(error));
  }
}

function answerTo(system: System, kind: string, ask: any, messages: Message[]): object {
  const { key, state, flows = [], view } = ask;
  const told = (index: number) => messages[index];
  const change = () => ({ late: told(ask.late), withdrawn: told(ask.withdrawn), revised: ask.revised?.map(told) });
  switch (kind) {
    case "place": {
      const { body } = told(ask);
      const reject = system.admit?.(body);
      return reject === undefined ? { keys: system.keys(body), position: system.position?.(body) } : { reject };
    }
    case "look": return look(system, key, state, flows);
    case "receiver": return goes(system, key, ask.slot, ask.body);
    case "update": return { state: system.update?.(key, state, change(), flows) };
    case "restate": return { view: system.restate?.(key, ask.messages.map(told), flows) };
    case "learn": return { state: system.learn?.(key, state, view) };
    case "compare": return { parts: system.compare?.(key, state, view) };
    case "workload": return { messages: system.workload?.(ask.seed) };
    case "property": return { broken: system.property?.(ask.name, ask.states) };
    default: throw new Error(`unknown question ${kind}`);
  }
}

function fold(system: System, ask: any, messages: Message[]): string {
  let { key, state, flows = [], after, steps, look: looks } = ask;
  const states: string[] = [];
  try {
    ask.messages.forEach((index: number, number: number) => {
      state = system.apply(key, state, messages[index], flows);
      if (after[states.length] !== number + 1) return;
      const text = JSON.stringify(state);
      states.push(`{"state":${text}${looks ? "," + JSON.stringify(look(system, key, state, flows)).slice(1) : "}"}`);
      if (steps) state = JSON.parse(text); // A service, too, continues from the state that it wrote.
    });
    return `{"states":[${states}]}`;
  } catch (error) {
    return `{"states":[${states}],${JSON.stringify(raised(error)).slice(1)}`;
  }
}

function look(system: System, key: string, state: any, flows: string[]): object {
  const slots = Object.entries(system.outputs(key, state, flows));
  const outputs = Object.fromEntries(slots.map(([slot, body]) => [slot, { body, ...goes(system, key, slot, body) }]));
  return { view: system.view(key, state), outputs, violations: system.invariants?.(key, state) };
}

function goes(system: System, key: string, slot: string, body: unknown): object {
  const route = system.route?.(key, slot, body);
  return route === undefined ? { to: system.receiver?.(key, slot, body) } : { route };
}

function raised(error: any): object {
  const [, at] = /([^/\\]+:\d+):\d+\)?$/m.exec(error?.stack) ?? [];
  return { error: String(error?.message ?? error), kind: error?.name, at };
}
