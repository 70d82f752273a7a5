// {{name}}: the number of pieces of each item, as a first system. Replace it with your own.

import { serve } from "./afresh.ts";
import type { System } from "./afresh.ts";

/** A message says how many pieces came or went, and when: `{"item": "tea", "count": -2, "on": 3}`. */
type Body = { item: string; count: number; on: number };
type State = { left: number };
type View = { left: number };

const system: System<Body, State, View> = {
  name: "{{name}}",
  version: "1",

  /** Each item has a history of its own. */
  keys: (body) => [body.item],

  /** The place in that history, however late the message arrives. */
  position: (body) => body.on,

  /** The state after one more message. Before the first message, the state is undefined. */
  apply: (key, state, message) => ({ left: (state?.left ?? 0) + message.body.count }),

  /** The part of the state that is recorded and compared. */
  view: (key, state) => ({ left: state?.left ?? 0 }),

  /** Everything that should have been sent, by slot. Afresh sends and withdraws only the difference. */
  outputs: (key, state) => {
    const { left } = system.view(key, state);
    return left < 3 ? { low: { left } } : {};
  },

  receiver: () => "buyer",
};

serve(system);
