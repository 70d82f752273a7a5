// @ts-check
// The order service, as `../python/orders.py` describes it.

import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";

import { serve } from "./afresh.mjs";

const KINDS = ["cancelled", "credit", "customer", "item", "paid", "shipped"];
const TEXTS = ["account", "customer", "item", "order"];
const LARGEST = 1000000;
const LEAST = { change: 0, count: 0, credit: 0, paid: -LARGEST, price: 0 };
const ITEMS = ["bread", "milk", "salt", "tea"];
const RECEIVERS = { refund: "bank", shipment: "warehouse" };

export class Orders {
  name = "orders";
  version = "1";
  flows = ["reminders"];

  constructor({ bug = false } = {}) {
    this.bug = bug;
  }

  admit(body) {
    const kinds = KINDS.filter((kind) => kind in body);
    if (kinds.length !== 1) return `expected one of ${KINDS.join(", ")}`;
    const needed = kinds[0] === "credit" ? ["account", "order"] : ["order", "change"];
    if (kinds[0] === "item") needed.push("count", "price");
    for (const name of needed) {
      if (!(name in body)) return `${name} is missing`;
    }
    for (const name of TEXTS) {
      if (name in body && typeof body[name] !== "string") return `${name} is not a text`;
    }
    for (const [name, least] of Object.entries(LEAST)) {
      const within = Number.isInteger(body[name]) && least <= body[name] && body[name] <= LARGEST;
      if (name in body && !within) return `${name} is not a whole number from ${least} to ${LARGEST}`;
    }
  }

  keys(body) {
    return ["credit" in body ? `account/${body.account}` : body.order];
  }

  position(body) {
    // An order has one credit at most, so the order of the credits of an account does not matter.
    return "credit" in body ? 0 : body.change;
  }

  apply(key, state = newState(key), { body }, flows) {
    if ("credit" in body) {
      state.credits[body.order] = body.credit;
    } else if ("customer" in body) {
      state.customer = body.customer;
    } else if ("item" in body) {
      setLine(state, body);
    } else if ("paid" in body) {
      state.paid += body.paid;
    } else if ("shipped" in body) {
      state.shipped = !state.cancelled;
    } else if ("cancelled" in body) {
      state.cancelled = !state.shipped;
    } else {
      throw new Error("the message tells no change");
    }
    return state;
  }

  view(key, state = newState(key)) {
    if ("credits" in state) return { credit: sum(Object.values(state.credits)) };
    const end = state.shipped ? "shipped" : state.cancelled ? "cancelled" : undefined;
    return orderView(state.customer, state.lines, state.paid, end);
  }

  outputs(key, state, flows) {
    const view = this.view(key, state);
    if ("credit" in view) return view.credit > 0 ? { voucher: { credit: view.credit } } : {};
    const { customer, lines, paid, status, total } = view;
    const outputs = {};
    if (total > 0 && status !== "cancelled") outputs.invoice = { order: key, total };
    if (status === "paid" || status === "shipped") {
      const items = Object.fromEntries(Object.entries(lines).map(([item, line]) => [item, line.count]));
      outputs.shipment = { order: key, items };
    }
    if (status === "open" && total > paid && flows.includes("reminders")) {
      outputs.reminder = { order: key, due: total - paid };
    }
    const back = status === "cancelled" ? paid : paid - total;
    if (back > 0 && customer === null) {
      outputs.refund = { order: key, amount: back };
    } else if (back > 0) {
      outputs.credit = { account: customer, order: key, credit: back };
    }
    return outputs;
  }

  receiver(key, slot, body) {
    return RECEIVERS[slot] ?? "customer";
  }

  route(key, slot, body) {
    return slot === "credit" ? body : undefined;
  }

  invariants(key, state) {
    return state?.paid < 0 ? [{ invariant: "paid-is-not-negative", found: `paid is ${state.paid}` }] : [];
  }

  /** Adds a late payment to the others. Anything else is folded again. */
  update(key, state, { late }, flows) {
    const body = late?.body ?? {};
    if (state && "paid" in body) {
      state.paid += body.paid;
      return state;
    }
    if (state && "item" in body && this.bug) {
      // The bug: a line that comes late replaces a newer line of the same item.
      setLine(state, body);
      return state;
    }
  }

  /** Selects what counts of all messages, without going from state to state. */
  restate(key, messages, flows) {
    if (key.startsWith("account/")) return undefined;
    const bodies = messages.map(({ body }) => body);
    const customer = bodies.filter((body) => "customer" in body).at(-1)?.customer ?? null;
    const last = new Map(bodies.filter((body) => "item" in body).map((body) => [body.item, body]));
    const lines = {};
    for (const { item, count, price } of last.values()) {
      if (count > 0) lines[item] = { count, price };
    }
    const paid = sum(bodies.map((body) => body.paid ?? 0));
    const end = bodies.flatMap((body) => ["shipped", "cancelled"].filter((end) => end in body))[0];
    return orderView(customer, lines, paid, end);
  }

  /** The view of an order shows all of its state. The view of an account does not show the single credits. */
  learn(key, state, view) {
    if ("credit" in view) return undefined;
    const { customer, lines, paid, status } = view;
    return { customer, lines, paid, shipped: status === "shipped", cancelled: status === "cancelled" };
  }

  /** Older versions recorded fewer parts. */
  compare(key, state, view) {
    const parts = {};
    for (const [name, value] of Object.entries(this.view(key, state))) {
      parts[name] = !(name in view) ? "unknown" : isDeepStrictEqual(view[name], value) ? "equal" : "differs";
    }
    return parts;
  }

  workload(seed) {
    const draw = new Draw(seed);
    const changes = {};
    const messages = [];
    for (let number = 1, count = 5 + draw.below(25); number <= count; number += 1) {
      const order = `o-${1 + draw.below(3)}`;
      changes[order] = (changes[order] ?? 0) + 1;
      const body = { order, change: changes[order] };
      const kind = draw.below(12);
      if (kind < 6) {
        body.item = ITEMS[draw.below(4)];
        body.count = draw.below(4);
        body.price = 50 + 50 * draw.below(9);
      } else if (kind < 9) {
        body.paid = 50 + 50 * draw.below(20);
      } else if (kind < 10) {
        body.customer = `c-${1 + draw.below(2)}`;
      } else {
        body[kind === 10 ? "shipped" : "cancelled"] = true;
      }
      messages.push({ from: "shop", id: `m-${number}`, body });
    }
    return messages;
  }
}

/** The generator of Park and Miller, which gives the same numbers in every language. */
class Draw {
  constructor(seed) {
    this.state = (seed % 2147483646) + 1;
  }

  below(limit) {
    this.state = (this.state * 48271) % 2147483647;
    return this.state % limit;
  }
}

function newState(key) {
  if (key.startsWith("account/")) return { credits: {} };
  return { customer: null, lines: {}, paid: 0, shipped: false, cancelled: false };
}

function setLine(state, { item, count, price }) {
  if (count === 0) {
    delete state.lines[item];
  } else {
    state.lines[item] = { count, price };
  }
}

function orderView(customer, lines, paid, end) {
  const total = sum(Object.values(lines).map(({ count, price }) => count * price));
  const status = end ?? (0 < total && total <= paid ? "paid" : "open");
  return { customer, lines, paid, status, total };
}

function sum(numbers) {
  return numbers.reduce((sum, number) => sum + number, 0);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  serve(new Orders({ bug: process.argv.includes("--bug") }));
}
