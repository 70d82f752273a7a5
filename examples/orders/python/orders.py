"""An order service: the lines, the payments and the cancellation of each order.

A message says what happened to one order, with the number of the change:

    {"order": "o-1", "change": 3, "item": "tea", "count": 2, "price": 450}
    {"order": "o-1", "change": 4, "paid": 900}
    {"order": "o-1", "change": 5, "cancelled": true}
"""

import sys

from afresh import Rejected, serve


class Orders:
    name = "orders"
    version = "1"
    flows = ["reminders"]

    def __init__(self, bug=False):
        self.bug = bug

    def keys(self, body):
        return [body["order"]]

    def position(self, body):
        return body["change"]

    def admit(self, body):
        if body.get("count", 1) < 0 or body.get("price", 0) < 0:
            raise Rejected("a count or a price is negative")

    def apply(self, key, state, message, flows):
        state = state or {"items": {}, "paid": 0, "cancelled": False}
        body = message["body"]
        if "item" in body:
            if body["count"] == 0:
                state["items"].pop(body["item"], None)
            else:
                state["items"][body["item"]] = {"count": body["count"], "price": body["price"]}
        state["paid"] += body.get("paid", 0)
        state["cancelled"] = state["cancelled"] or body.get("cancelled", False)
        return state

    def update(self, key, state, change, flows):
        """What a late payment changes is known without folding again. Anything else is folded."""
        kind, message = change[0], change[1]
        body = message["body"]
        if kind == "late" and "paid" in body:
            state["paid"] += body["paid"]
            return state
        if self.bug and kind == "late" and "item" in body and body["count"] > 0:
            # The bug: a line that comes late replaces a newer one.
            state["items"][body["item"]] = {"count": body["count"], "price": body["price"]}
            return state
        return None

    def view(self, key, state):
        state = state or {"items": {}, "paid": 0, "cancelled": False}
        total = sum(line["count"] * line["price"] for line in state["items"].values())
        return {"total": total, "paid": state["paid"], "open": not state["cancelled"] and state["paid"] < total}

    def outputs(self, key, state, flows):
        view = self.view(key, state)
        outputs = {}
        if view["total"] > 0 and not (state or {}).get("cancelled"):
            outputs["invoice"] = {"order": key, "total": view["total"]}
        if view["paid"] > view["total"] or (state or {}).get("cancelled") and view["paid"] > 0:
            back = view["paid"] if state["cancelled"] else view["paid"] - view["total"]
            outputs["refund"] = {"order": key, "amount": back}
        if "reminders" in flows and view["open"]:
            outputs["reminder"] = {"order": key, "due": view["total"] - view["paid"]}
        return outputs

    def receiver(self, key, slot, body):
        return "bank" if slot == "refund" else "customer"

    def invariants(self, key, state):
        return [("paid-is-positive", f"paid is {state['paid']}")] if state and state["paid"] < 0 else []

    def workload(self, random):
        messages = []
        for number in range(random.randrange(1, 25)):
            order, change = f"o-{random.randrange(1, 4)}", random.randrange(1, 12)
            body = {"order": order, "change": change}
            kind = random.randrange(10)
            if kind < 6:
                item = random.choice(["tea", "milk", "bread"])
                body |= {"item": item, "count": random.randrange(0, 4), "price": random.randrange(1, 9) * 50}
            elif kind < 9:
                body["paid"] = random.randrange(1, 9) * 50
            else:
                body["cancelled"] = True
            messages.append({"from": "shop", "id": f"m-{number}", "body": body})
        return messages


if __name__ == "__main__":
    serve(Orders(bug="--bug" in sys.argv))
