"""An order service: lines, payments, shipment and cancellation of orders, and the credit of customers.

A message tells one change of an order. The number of the change says when it happened:

    {"order": "o-1", "change": 1, "customer": "c-7"}
    {"order": "o-1", "change": 2, "item": "tea", "count": 2, "price": 450}
    {"order": "o-1", "change": 3, "paid": 900}
    {"order": "o-1", "change": 4, "shipped": true}
    {"order": "o-1", "change": 5, "cancelled": true}

An order sends an invoice and reminders to its customer, and the shipment to the warehouse. It gives back what was paid
too much: to the bank or, if the customer is known, as a credit. A credit is a message to the account of the customer:

    {"account": "c-7", "order": "o-1", "credit": 450}

With the argument `--properties`, the service also says which condition holds over all keys: each credit is of an order
that it knows.
"""

import sys

from afresh import serve

KINDS = ["cancelled", "credit", "customer", "item", "paid", "shipped"]
TEXTS = ["account", "customer", "item", "order"]
LARGEST = 1_000_000
LEAST = {"change": 0, "count": 0, "credit": 0, "paid": -LARGEST, "price": 0}
ITEMS = ["bread", "milk", "salt", "tea"]


class Orders:
    name = "orders"
    version = "1"
    flows = ["reminders"]

    def __init__(self, bug=False, properties=False):
        self.bug = bug
        if properties:
            self.properties = [{"name": "credits-are-of-orders", "expect": "always"}]

    def admit(self, body):
        kinds = [kind for kind in KINDS if kind in body]
        if len(kinds) != 1:
            return "expected one of " + ", ".join(KINDS)
        needed = ["account", "order"] if kinds == ["credit"] else ["order", "change"]
        if kinds == ["item"]:
            needed += ["count", "price"]
        for name in needed:
            if name not in body:
                return f"{name} is missing"
        for name in TEXTS:
            if name in body and type(body[name]) is not str:
                return f"{name} is not a text"
        for name, least in LEAST.items():
            if name in body and not (type(body[name]) is int and least <= body[name] <= LARGEST):
                return f"{name} is not a whole number from {least} to {LARGEST}"
        return None

    def keys(self, body):
        return ["account/" + body["account"]] if "credit" in body else [body["order"]]

    def position(self, body):
        # An order has one credit at most, so the order of the credits of an account does not matter.
        return 0 if "credit" in body else body["change"]

    def apply(self, key, state, message, flows):
        body = message["body"]
        state = state or new_state(key)
        if "credit" in body:
            state["credits"][body["order"]] = body["credit"]
        elif "customer" in body:
            state["customer"] = body["customer"]
        elif "item" in body:
            set_line(state, body)
        elif "paid" in body:
            state["paid"] += body["paid"]
        elif "shipped" in body:
            state["shipped"] = not state["cancelled"]
        elif "cancelled" in body:
            state["cancelled"] = not state["shipped"]
        else:
            raise ValueError("the message tells no change")
        return state

    def view(self, key, state):
        state = state or new_state(key)
        if "credits" in state:
            return {"credit": sum(state["credits"].values())}
        end = "shipped" if state["shipped"] else "cancelled" if state["cancelled"] else None
        return order_view(state["customer"], state["lines"], state["paid"], end)

    def outputs(self, key, state, flows):
        view = self.view(key, state)
        if "credit" in view:
            return {"voucher": {"credit": view["credit"]}} if view["credit"] > 0 else {}
        outputs, paid, status, total = {}, view["paid"], view["status"], view["total"]
        if total > 0 and status != "cancelled":
            outputs["invoice"] = {"order": key, "total": total}
        if status in ("paid", "shipped"):
            outputs["shipment"] = {"order": key, "items": {item: line["count"] for item, line in view["lines"].items()}}
        if status == "open" and total > paid and "reminders" in flows:
            outputs["reminder"] = {"order": key, "due": total - paid}
        back = paid if status == "cancelled" else paid - total
        if back > 0 and view["customer"] is None:
            outputs["refund"] = {"order": key, "amount": back}
        elif back > 0:
            outputs["credit"] = {"account": view["customer"], "order": key, "credit": back}
        return outputs

    def receiver(self, key, slot, body):
        return {"refund": "bank", "shipment": "warehouse"}.get(slot, "customer")

    def route(self, key, slot, body):
        return body if slot == "credit" else None

    def invariants(self, key, state):
        paid = (state or {}).get("paid", 0)
        return [("paid-is-not-negative", f"paid is {paid}")] if paid < 0 else []

    def property(self, name, states):
        """Look for a credit of an order without a state. The order of the search decides which one is reported."""
        for key in sorted(states):
            for order in sorted(states[key].get("credits", ())):
                if order not in states:
                    return f"{key} has a credit of {order}, which is unknown"
        return None

    def update(self, key, state, change, flows):
        """Add a late payment to the others. Anything else is folded again."""
        body = change["late"]["body"] if "late" in change else {}
        if state and "paid" in body:
            state["paid"] += body["paid"]
            return state
        if state and "item" in body and self.bug:
            # The bug: a line that comes late replaces a newer line of the same item.
            set_line(state, body)
            return state
        return None

    def restate(self, key, messages, flows):
        """Select what counts of all messages, without going from state to state."""
        bodies = [message["body"] for message in messages]
        if key.startswith("account/"):
            return None
        customers = [body["customer"] for body in bodies if "customer" in body]
        last = {body["item"]: body for body in bodies if "item" in body}
        lines = {item: {"count": body["count"], "price": body["price"]} for item, body in last.items() if body["count"]}
        paid = sum(body["paid"] for body in bodies if "paid" in body)
        ends = [end for body in bodies for end in ("shipped", "cancelled") if end in body]
        return order_view(customers[-1] if customers else None, lines, paid, ends[0] if ends else None)

    def learn(self, key, state, view):
        """The view of an order shows all of its state. The view of an account does not show the single credits."""
        if "credit" in view:
            return None
        state = {name: view[name] for name in ("customer", "lines", "paid")}
        return state | {"shipped": view["status"] == "shipped", "cancelled": view["status"] == "cancelled"}

    def compare(self, key, state, view):
        """Older versions recorded fewer parts."""
        def part(name, value):
            return "unknown" if name not in view else "equal" if view[name] == value else "differs"

        return {name: part(name, value) for name, value in self.view(key, state).items()}

    def workload(self, seed):
        draw, changes, messages = Draw(seed), {}, []
        for number in range(1, 6 + draw.below(25)):
            order = f"o-{1 + draw.below(3)}"
            changes[order] = changes.get(order, 0) + 1
            body = {"order": order, "change": changes[order]}
            kind = draw.below(12)
            if kind < 6:
                body["item"] = ITEMS[draw.below(4)]
                body["count"] = draw.below(4)
                body["price"] = 50 + 50 * draw.below(9)
            elif kind < 9:
                body["paid"] = 50 + 50 * draw.below(20)
            elif kind < 10:
                body["customer"] = f"c-{1 + draw.below(2)}"
            else:
                body["shipped" if kind == 10 else "cancelled"] = True
            messages.append({"from": "shop", "id": f"m-{number}", "body": body})
        return messages


class Draw:
    """The generator of Park and Miller, which gives the same numbers in every language."""

    def __init__(self, seed):
        self.state = seed % 2147483646 + 1

    def below(self, limit):
        self.state = self.state * 48271 % 2147483647
        return self.state % limit


def new_state(key):
    if key.startswith("account/"):
        return {"credits": {}}
    return {"customer": None, "lines": {}, "paid": 0, "shipped": False, "cancelled": False}


def set_line(state, body):
    if body["count"] == 0:
        state["lines"].pop(body["item"], None)
    else:
        state["lines"][body["item"]] = {"count": body["count"], "price": body["price"]}


def order_view(customer, lines, paid, end):
    total = sum(line["count"] * line["price"] for line in lines.values())
    status = end or ("paid" if 0 < total <= paid else "open")
    return {"customer": customer, "lines": lines, "paid": paid, "status": status, "total": total}


if __name__ == "__main__":
    serve(Orders(bug="--bug" in sys.argv, properties="--properties" in sys.argv))
