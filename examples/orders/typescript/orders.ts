// The order service, as `../python/orders.py` describes it.

import { isDeepStrictEqual } from "node:util";

import { serve } from "./afresh.ts";
import type { Change, Message, System } from "./afresh.ts";

type Body =
  | { account: string; order: string; credit: number }
  | { order: string; change: number; cancelled: true }
  | { order: string; change: number; customer: string }
  | { order: string; change: number; item: string; count: number; price: number }
  | { order: string; change: number; paid: number }
  | { order: string; change: number; shipped: true };
type Lines = Record<string, { count: number; price: number }>;
type Order = { customer: string | null; lines: Lines; paid: number; shipped: boolean; cancelled: boolean };
type State = Order | { credits: Record<string, number> };
type OrderView = { customer: string | null; lines: Lines; paid: number; status: string; total: number };
type View = OrderView | { credit: number };

const KINDS = ["cancelled", "credit", "customer", "item", "paid", "shipped"];
const TEXTS = ["account", "customer", "item", "order"];
const LARGEST = 1000000;
const LEAST = { change: 0, count: 0, credit: 0, paid: -LARGEST, price: 0 };
const ITEMS = ["bread", "milk", "salt", "tea"];
const ENDS = ["shipped", "cancelled"];

export class Orders implements System<Body, State, View> {
  name = "orders";
  version = "1";
  flows = ["reminders"];
  properties: System["properties"];
  bug: boolean;

  constructor({ bug = false, properties = false } = {}) {
    this.bug = bug;
    if (properties) this.properties = [{ name: "credits-are-of-orders", expect: "always" }];
  }

  admit(body: any) {
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

  keys(body: Body) {
    return ["credit" in body ? `account/${body.account}` : body.order];
  }

  position(body: Body) {
    // An order has one credit at most, so the order of the credits of an account does not matter.
    return "credit" in body ? 0 : body.change;
  }

  apply(key: string, state: State = newState(key), { body }: Message<Body>) {
    if ("credits" in state && "credit" in body) {
      state.credits[body.order] = body.credit;
    } else if ("credits" in state || "credit" in body) {
      throw new Error("a credit is for an account, and anything else is for an order");
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

  view(key: string, state: State = newState(key)): View {
    if ("credits" in state) return { credit: sum(Object.values(state.credits)) };
    const end = state.shipped ? "shipped" : state.cancelled ? "cancelled" : undefined;
    return orderView(state.customer, state.lines, state.paid, end);
  }

  outputs(key: string, state: State | undefined, flows: string[]) {
    const view = this.view(key, state);
    const outputs: Record<string, object> = {};
    if ("credit" in view) {
      if (view.credit > 0) outputs.voucher = { credit: view.credit };
      return outputs;
    }
    const { customer, lines, paid, status, total } = view;
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

  receiver(key: string, slot: string) {
    return slot === "refund" ? "bank" : slot === "shipment" ? "warehouse" : "customer";
  }

  route(key: string, slot: string, body: unknown) {
    return slot === "credit" ? body : undefined;
  }

  invariants(key: string, state: State = newState(key)) {
    const paid = "paid" in state ? state.paid : 0;
    return paid < 0 ? [{ invariant: "paid-is-not-negative", found: `paid is ${paid}` }] : [];
  }

  /** Looks for a credit of an order without a state. The order of the search decides which one is reported. */
  property(name: string, states: Record<string, State>) {
    for (const key of Object.keys(states).sort()) {
      const state = states[key];
      const orders = "credits" in state ? Object.keys(state.credits).sort() : [];
      const unknown = orders.find((order) => !Object.hasOwn(states, order));
      if (unknown !== undefined) return `${key} has a credit of ${unknown}, which is unknown`;
    }
  }

  /** Adds a late payment to the others. Anything else is folded again. */
  update(key: string, state: State | undefined, { late }: Change<Body>) {
    if (!state || "credits" in state || !late) return undefined;
    if ("paid" in late.body) {
      state.paid += late.body.paid;
      return state;
    }
    if ("item" in late.body && this.bug) {
      // The bug: a line that comes late replaces a newer line of the same item.
      setLine(state, late.body);
      return state;
    }
  }

  /** Selects what counts of all messages, without going from state to state. */
  restate(key: string, messages: Message<Body>[]) {
    if (key.startsWith("account/")) return undefined;
    const bodies = messages.map(({ body }) => body);
    const customer = bodies.filter((body) => "customer" in body).at(-1)?.customer ?? null;
    const last = new Map(bodies.filter((body) => "item" in body).map((body) => [body.item, body]));
    const lines: Lines = {};
    for (const { item, count, price } of last.values()) {
      if (count > 0) lines[item] = { count, price };
    }
    const paid = sum(bodies.map((body) => ("paid" in body ? body.paid : 0)));
    const end = bodies.flatMap((body) => ENDS.filter((end) => end in body))[0];
    return orderView(customer, lines, paid, end);
  }

  /** The view of an order shows all of its state. The view of an account does not show the single credits. */
  learn(key: string, state: State | undefined, view: View) {
    if ("credit" in view) return undefined;
    const { customer, lines, paid, status } = view;
    return { customer, lines, paid, shipped: status === "shipped", cancelled: status === "cancelled" };
  }

  /** Older versions recorded fewer parts. */
  compare(key: string, state: State | undefined, view: Record<string, unknown>) {
    const parts: Record<string, "equal" | "differs" | "unknown"> = {};
    for (const [name, value] of Object.entries(this.view(key, state))) {
      parts[name] = !(name in view) ? "unknown" : isDeepStrictEqual(view[name], value) ? "equal" : "differs";
    }
    return parts;
  }

  workload(seed: number) {
    const draw = new Draw(seed);
    const changes: Record<string, number> = {};
    const messages: Message<Body>[] = [];
    for (let number = 1, count = 5 + draw.below(25); number <= count; number += 1) {
      const order = `o-${1 + draw.below(3)}`;
      changes[order] = (changes[order] ?? 0) + 1;
      const body = { order, change: changes[order], ...drawnChange(draw) };
      messages.push({ from: "shop", id: `m-${number}`, body });
    }
    return messages;
  }
}

/** The generator of Park and Miller, which gives the same numbers in every language. */
class Draw {
  state: number;

  constructor(seed: number) {
    this.state = (seed % 2147483646) + 1;
  }

  below(limit: number) {
    this.state = (this.state * 48271) % 2147483647;
    return this.state % limit;
  }
}

function drawnChange(draw: Draw) {
  const kind = draw.below(12);
  if (kind < 6) return { item: ITEMS[draw.below(4)], count: draw.below(4), price: 50 + 50 * draw.below(9) };
  if (kind < 9) return { paid: 50 + 50 * draw.below(20) };
  if (kind < 10) return { customer: `c-${1 + draw.below(2)}` };
  return kind === 10 ? { shipped: true as const } : { cancelled: true as const };
}

function newState(key: string): State {
  if (key.startsWith("account/")) return { credits: {} };
  return { customer: null, lines: {}, paid: 0, shipped: false, cancelled: false };
}

function setLine(state: Order, { item, count, price }: { item: string; count: number; price: number }) {
  if (count === 0) {
    delete state.lines[item];
  } else {
    state.lines[item] = { count, price };
  }
}

function orderView(customer: string | null, lines: Lines, paid: number, end?: string): OrderView {
  const total = sum(Object.values(lines).map(({ count, price }) => count * price));
  const status = end ?? (0 < total && total <= paid ? "paid" : "open");
  return { customer, lines, paid, status, total };
}

function sum(numbers: number[]) {
  return numbers.reduce((sum, number) => sum + number, 0);
}

serve(new Orders({ bug: process.argv.includes("--bug"), properties: process.argv.includes("--properties") }));
