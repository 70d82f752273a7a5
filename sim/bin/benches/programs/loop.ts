// Does the work of a check without Afresh, as `loop.py` does: `node loop.ts FOLDER TRACE`.
import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";

const [folder, trace] = process.argv.slice(2);
const { Orders } = await import(`${folder}/orders.ts`);
const system = new Orders();
const histories = new Map();
let outputs = 0;
for (const line of readFileSync(trace, "utf8").trimEnd().split("\n").slice(1)) {
  const message = JSON.parse(line).in;
  const { body } = message;
  if (system.admit(body) !== undefined) continue;
  system.position(body);
  for (const key of system.keys(body)) {
    const history = histories.get(key) ?? [];
    histories.set(key, history);
    history.push(message);
    let state;
    for (const known of history) state = system.apply(key, state, known, []);
    const view = system.view(key, state);
    for (const [slot, output] of Object.entries(system.outputs(key, state, []))) {
      system.route(key, slot, output) ?? system.receiver(key, slot, output);
      outputs += 1;
    }
    system.invariants(key, state);
    if (!isDeepStrictEqual(system.restate(key, history, []), view)) throw new Error(`${key} differs`);
  }
}
console.log(histories.size, outputs);
process.exit();
