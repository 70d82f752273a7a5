"""The ledger of `fixtures/src/ledger` as a program: `python3 ledger.py [--bug NAME]`.

It has the same rules and texts, so Afresh must give the same results for both. A test compares them on all kept traces
of the ledger. The bug `receipt-stays` is missing: it is in `touched`, and a program has no such shortcut.
"""

import sys
from itertools import groupby
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "examples/orders/python"))

from afresh import serve  # noqa: E402 (the path must be known before)

FEES = "fees-v2"
HOUSE = "house"
AMOUNT_MAX = 1_000_000_000_000
LEAST = -2**63
LARGEST = 2**63 - 1
BUGS = ["late-capture", "duplicate-hold", "fee-rounding", "fees-stay", "refused-transfer"]

# The type of each field, for each kind of message.
PAYMENT = {"account": str, "payment": str, "on": int}
MONEY = {"account": str, "amount": int, "on": int}
FIELDS = {
    "deposit": MONEY,
    "hold": PAYMENT | MONEY,
    "capture": PAYMENT | MONEY,
    "release": PAYMENT,
    "reverse": PAYMENT,
    "transfer": MONEY | {"to": str},
    "credit": MONEY,
}


class Ledger:
    name = "ledger"
    flows = [FEES]
    properties = [
        {"name": "money-is-conserved", "expect": "always"},
        {"name": "a-payment-is-reversed", "expect": "sometimes"},
    ]

    def __init__(self, bug=None):
        self.bug = bug

    def admit(self, body):
        kind, event = read(body)
        for what, field in (("account", "account"), ("payment", "payment"), ("account that is paid", "to")):
            if event.get(field) == "":
                return f"the {what} has no name"
        if event["account"] == event.get("to"):
            return "a transfer to the account that pays it"
        amount = event.get("amount", 1)
        if amount <= 0:
            return f"an amount of {amount} is not positive"
        return f"an amount of {amount} is more than {AMOUNT_MAX}" if amount > AMOUNT_MAX else None

    def keys(self, body):
        return [read(body)[1]["account"]]

    def position(self, body):
        return read(body)[1]["on"]

    def apply(self, key, state, message, flows):
        account = state or new_account()
        self.step(key, account, message, flows)
        return account

    def view(self, key, state):
        account = state or new_account()
        return {"payments": open_payments(account)} | {name: account[name] for name in SUMS}

    def outputs(self, key, state, flows):
        account = state or new_account()
        if account["known"] == "nothing":
            return {}
        outputs = {"balance": {"statement": {"balance": account["balance"], "held": account["held"]}}}
        if account["fees"] > 0 and account["charged_on"] is not None:
            outputs["fee"] = {"fee": {"amount": account["fees"], "on": account["charged_on"]}}
        for name, payment in account["payments"].items():
            if payment["status"] == "captured":
                outputs["receipt-" + name] = {"receipt": {"amount": payment["amount"]}}
        for name, transfer in account["transfers"].items():
            if transfer["room"] >= 0 or self.bug == "refused-transfer":
                fields = {field: transfer[field] for field in ("to", "amount", "on")}
                outputs["transfer-" + name] = {"transfer": fields}
        return outputs

    def receiver(self, key, slot, body):
        return "statements" if slot == "balance" else "receipts"

    def route(self, key, slot, body):
        (kind, output), = body.items()
        if kind not in ("transfer", "fee"):
            return None
        return {"credit": {"account": output.get("to", HOUSE), "amount": output["amount"], "on": output["on"]}}

    def invariants(self, key, state):
        account = state or new_account()
        held, total = account["held"], sum(open_payments(account).values())
        return [("held-is-open", f"{held} is held, and the open payments come to {total}")] if held != total else []

    def property(self, name, states):
        accounts = states.values()
        if name == "a-payment-is-reversed":
            payments = (payment for account in accounts for payment in account["payments"].values())
            return None if any(payment["status"] == "reversed" for payment in payments) else "no payment is"
        # In a window, the deposits before it are not known.
        if any(account["known"] != "all" for account in accounts):
            return None
        there = sum(account["balance"] for account in accounts)
        due = sum(account["deposited"] - account["captured"] for account in accounts)
        return None if there == due else f"there is {there} on all accounts, and {due} came in and stayed"

    def update(self, key, state, change, flows):
        account = state
        if account is None or account["known"] == "nothing":
            return None
        if "late" in change:
            done = self.late(key, account, change["late"], flows)
        elif "withdrawn" in change:
            body = change["withdrawn"]["body"]
            stays = self.bug == "fees-stay" and key == HOUSE and "credit" in body
            done = stays or take_back(account, body)
        else:
            before, after = change["revised"]
            brings = "deposit" in after["body"] or "credit" in after["body"]
            done = brings and take_back(account, before["body"]) and self.late(key, account, after, flows)
        # The state of an account without messages is `null`, which only a fold can give.
        return account if done and account != new_account() else None

    def restate(self, key, messages, flows):
        return restated(messages, pays_fees(key, flows))

    def learn(self, key, state, view):
        if state is not None and state["known"] != "nothing":
            return None
        account = new_account("opening") | {name: view[name] for name in SUMS}
        account["payments"] = {name: new_payment("held", amount) for name, amount in view["payments"].items()}
        return account

    def compare(self, key, state, view):
        parts = self.view(key, state)
        if state is not None and state["known"] == "nothing":
            return dict.fromkeys(parts, "unknown")
        return {name: "equal" if value == view[name] else "differs" for name, value in parts.items()}

    def step(self, key, account, message, flows):
        """Fold a message in as the newest."""
        if account["known"] != "all" and not is_derivable(key, account, flows):
            account.update(new_account("nothing"))
            return
        (kind, event), = message["body"].items()
        if kind == "transfer":
            decide(account, message["id"], event)
        elif kind in ("deposit", "credit"):
            account["balance"] += event["amount"]
            account["deposited"] += event["amount"] if kind == "deposit" else 0
        else:
            captured = account["captured"]
            self.pay(account, kind, event)
            if account["captured"] != captured and pays_fees(key, flows):
                charge(account, fee(account["captured"]), event["on"])

    def pay(self, account, kind, event):
        """Move a payment to its next status. A message that does not fit the current status changes nothing."""
        payment = account["payments"].setdefault(event["payment"], new_payment())
        payment["last"] = max(payment["last"], event["on"])
        status, amount = payment["status"], event.get("amount")
        if (kind, status) == ("hold", "unheld"):
            payment |= {"status": "held", "amount": amount}
            account["held"] += amount
        elif (kind, status) == ("hold", "held") and self.bug == "duplicate-hold":
            payment["amount"] += amount
            account["held"] += amount
        elif (kind, status) == ("capture", "held") and amount <= payment["amount"]:
            account["held"] -= payment["amount"]
            account["balance"] -= amount
            account["captured"] += amount
            payment |= {"status": "captured", "amount": amount}
        elif (kind, status) == ("release", "held"):
            account["held"] -= payment["amount"]
            payment["status"] = "released"
        elif (kind, status) == ("reverse", "captured"):
            account["balance"] += payment["amount"]
            account["captured"] -= payment["amount"]
            payment["status"] = "reversed"
        elif (kind, status) == ("reverse", "unheld") and account["known"] == "opening":
            # The amount captured before the window, if there was one, is not known.
            account.update(new_account("nothing"))

    def late(self, key, account, message, flows):
        """Fold a late message in, and return whether the result equals a full fold."""
        (kind, event), = message["body"].items()
        on = event["on"]
        payment = account["payments"].get(event.get("payment"))
        heard_of = payment is not None and payment["last"] >= on
        overlooked = self.bug == "late-capture" and kind == "capture"
        if kind == "transfer" or heard_of and not overlooked:
            return False
        captured, fees, before = account["captured"], account["fees"], available(account)
        self.step(key, account, message, flows)
        if account["captured"] != captured and pays_fees(key, flows):
            if self.bug == "fee-rounding":
                charge(account, fees + fee(account["captured"] - captured), on)
            # Every later fee is now rounded from another total.
            if decided_since(account, on):
                return False
        return shift(account, on, available(account) - before)


SUMS = ["balance", "held", "captured", "fees"]


def read(body):
    """Return the kind of a message and its fields. Raise an error if it is no message of a ledger."""
    (kind, event), = body.items()
    fields = FIELDS[kind]
    if event.keys() != fields.keys():
        raise ValueError(f"expected the fields {', '.join(fields)}")
    for name, expected in fields.items():
        value = event[name]
        if type(value) is not expected or expected is int and not LEAST <= value <= LARGEST:
            raise ValueError(f"{name} is of another type")
    return kind, event


def new_account(known="all"):
    """Return an account before its first message: `all`, the view of an `opening`, or `nothing` is known of it."""
    account = {"known": known, "deposited": 0, "charged_on": None, "decided_on": None, "payments": {}, "transfers": {}}
    return account | dict.fromkeys(SUMS, 0)


def new_payment(status="unheld", amount=0):
    return {"status": status, "amount": amount, "last": LEAST}


def available(account):
    return account["balance"] - account["held"]


def open_payments(account):
    payments = account["payments"].items()
    return {name: payment["amount"] for name, payment in payments if payment["status"] == "held"}


def decide(account, name, event):
    """Grant a transfer if enough is available. A transfer that is decided already stays as it is."""
    if name in account["transfers"]:
        return
    amount, on = event["amount"], event["on"]
    room = available(account) - amount
    if room >= 0:
        account["balance"] -= amount
    account["transfers"][name] = {"to": event["to"], "amount": amount, "on": on, "room": room}
    account["decided_on"] = later(account["decided_on"], on)


def decided_since(account, on):
    return account["decided_on"] is not None and account["decided_on"] >= on


def shift(account, on, more):
    """Add `more` to what was available from `on` on. Return whether all transfers are decided as before."""
    if more == 0 or not decided_since(account, on):
        return True
    for transfer in account["transfers"].values():
        if transfer["on"] >= on:
            granted = transfer["room"] >= 0
            transfer["room"] += more
            if transfer["on"] == on or (transfer["room"] >= 0) != granted:
                return False
    return True


def take_back(account, body):
    """Take back a message that brought money in. Return whether the result equals a full fold."""
    (kind, event), = body.items()
    if kind not in ("deposit", "credit"):
        return False
    account["deposited"] -= event["amount"] if kind == "deposit" else 0
    account["balance"] -= event["amount"]
    return shift(account, event["on"], -event["amount"])


def charge(account, fees, on):
    account["balance"] -= fees - account["fees"]
    account["fees"] = fees
    account["charged_on"] = later(account["charged_on"], on)


def later(one, other):
    return other if one is None else max(one, other)


def pays_fees(key, flows):
    return FEES in flows and key != HOUSE


def is_derivable(key, account, flows):
    """Return whether an opening suffices. It does not if it was recorded before the fees were turned on or off."""
    due = fee(account["captured"]) if pays_fees(key, flows) else 0
    return account["known"] == "opening" and account["fees"] == due


def fee(captured):
    """Return 1.4 % of a sum, rounded toward zero, as the integers of Rust are."""
    amount = abs(captured) * 14 // 1000
    return amount if captured >= 0 else -amount


def restated(messages, with_fees):
    """Return the view after some messages: follow each payment on its own first, then sum up in order of time."""
    events = [next(iter(message["body"].items())) for message in messages]
    payments, moved = {}, [(0, 0, 0)] * len(events)
    places = sorted((event["payment"], place) for place, (_, event) in enumerate(events) if "payment" in event)
    for name, life in groupby(places, key=lambda pair: pair[0]):
        held = follow([place for _, place in life], events, moved)
        if held is not None:
            payments[name] = held
    balance, held, captured, fees, decided = 0, 0, 0, 0, set()
    for message, (kind, event), (of_balance, of_held, of_captured) in zip(messages, events, moved):
        if kind in ("deposit", "credit"):
            balance += event["amount"]
        elif kind == "transfer" and message["id"] not in decided:
            decided.add(message["id"])
            balance -= event["amount"] if balance - held >= event["amount"] else 0
        balance += of_balance
        held += of_held
        captured += of_captured
        if with_fees:
            balance += fees
            fees = fee(captured)
            balance -= fees
    return {"balance": balance, "held": held, "captured": captured, "fees": fees, "payments": payments}


def follow(places, events, moved):
    """Follow one payment from its first hold, and note what each message moves. Return what is still held."""
    steps = iter(places)
    first = next((place for place in steps if events[place][0] == "hold"), None)
    if first is None:
        return None
    held = events[first][1]["amount"]
    moved[first] = (0, held, 0)

    def is_end(place):
        kind, event = events[place]
        return kind == "release" or kind == "capture" and event["amount"] <= held

    end = next(filter(is_end, steps), None)
    if end is None:
        return held
    kind, event = events[end]
    amount = event["amount"] if kind == "capture" else 0
    moved[end] = (-amount, -held, amount)
    back = next((place for place in steps if events[place][0] == "reverse"), None)
    if kind == "capture" and back is not None:
        moved[back] = (amount, 0, -amount)
    return None


if __name__ == "__main__":
    bug = sys.argv[2] if sys.argv[1:2] == ["--bug"] else None
    if bug not in (None, *BUGS):
        sys.exit(f"there is no bug `{bug}`: the bugs are {', '.join(BUGS)}")
    serve(Ledger(bug))
