"""Answers the questions of Afresh for a system in Python. Copy this file; it needs nothing but the standard library.

A system is an object with these methods. A body, a state and a view are what `json` reads: a state must come back the
same after it was written and read again, so it has no tuples, no sets, and texts as the keys of dicts.

    keys(body)                      the keys that a message concerns
    apply(key, state, message, flows)   the state after a message; `state` is None before the first one
    view(key, state)                what is seen of a state
    outputs(key, state, flows)      the outputs that should have been sent: a dict from slot to body

and, if it wants them: position(body), admit(body) (raise Rejected), receiver(key, slot, body), route(key, slot, body),
invariants(key, state), update(key, state, change, flows), restate(key, messages, flows), learn(key, state, view),
compare(key, state, view), workload(random). The attributes `name`, `version` and `flows` are optional too.

A message is a dict with `from`, `id` and `body`. A change is ("late", message), ("withdrawn", message) or
("revised", before, after).
"""

import json
import os
import random
import sys

PROTOCOL = 1
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False).encode


class Rejected(Exception):
    """Raised by `admit`: the message is not taken, for the reason that is given."""


class _Answers:
    def __init__(self, system):
        self.system = system
        self.has = lambda name: hasattr(system, name)

    def place(self, place, messages):
        body, answer = messages[place]["body"], {}
        if self.has("admit"):
            try:
                self.system.admit(body)
            except Rejected as why:
                return _encode({"reject": str(why)})
        if self.has("position"):
            answer["position"] = self.system.position(body)
        answer["keys"] = list(self.system.keys(body))
        return _encode(answer)

    def fold(self, ask, messages):
        key, flows, state = ask["key"], ask.get("flows", ()), ask.get("state")
        each, look, apply, states = ask.get("each"), ask.get("look"), self.system.apply, []
        try:
            for number in ask["messages"]:
                state = apply(key, state, messages[number], flows)
                if each:
                    states.append(self.state(key, state, flows, look))
                    # The next step begins with the state as it was written, as it does in a service.
                    state = json.loads(_encode(state))
            if not each:
                states.append(self.state(key, state, flows, look))
            return '{"states":[' + ",".join(states) + "]}"
        except Exception as error:
            if not states:
                raise
            return '{"states":[' + ",".join(states) + "]," + _raised(error)[1:]

    def state(self, key, state, flows, look):
        text = '{"state":' + _encode(state)
        return text + ("," + self.look_at(key, state, flows)[1:] if look else "}")

    def look(self, ask, messages):
        return self.look_at(ask["key"], ask.get("state"), ask.get("flows", ()))

    def look_at(self, key, state, flows):
        system, outputs = self.system, {}
        for slot, body in system.outputs(key, state, flows).items():
            outputs[slot] = {"body": body, **self.goes(key, slot, body)}
        answer = {"view": system.view(key, state), "outputs": outputs}
        if self.has("invariants"):
            broken = system.invariants(key, state)
            answer["violations"] = [{"invariant": name, "found": found} for name, found in broken]
        return _encode(answer)

    def goes(self, key, slot, body):
        route = self.system.route(key, slot, body) if self.has("route") else None
        if route is not None:
            return {"route": route}
        return {"to": self.system.receiver(key, slot, body)} if self.has("receiver") else {}

    def receiver(self, ask, messages):
        return _encode(self.goes(ask["key"], ask["slot"], ask["body"]))

    def update(self, ask, messages):
        if "revised" in ask:
            change = ("revised", *(messages[number] for number in ask["revised"]))
        else:
            kind = "late" if "late" in ask else "withdrawn"
            change = (kind, messages[ask[kind]])
        state = self.system.update(ask["key"], ask.get("state"), change, ask.get("flows", ()))
        return _encode({} if state is None else {"state": state})

    def restate(self, ask, messages):
        told = [messages[number] for number in ask["messages"]]
        view = self.system.restate(ask["key"], told, ask.get("flows", ()))
        return _encode({} if view is None else {"view": view})

    def learn(self, ask, messages):
        state = self.system.learn(ask["key"], ask.get("state"), ask["view"])
        return _encode({} if state is None else {"state": state})

    def compare(self, ask, messages):
        return _encode({"parts": self.system.compare(ask["key"], ask.get("state"), ask["view"])})

    def workload(self, ask, messages):
        return _encode({"messages": self.system.workload(random.Random(ask["seed"]))})


def _raised(error):
    last, name = error.__traceback__, type(error).__name__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    place = f"{os.path.basename(last.tb_frame.f_code.co_filename)}:{last.tb_lineno}" if last else ""
    return _encode({"error": str(error), "kind": name, "at": place})


def _answer(answers, question, messages):
    (kind, ask), = question.items()
    try:
        return getattr(answers, kind)(ask, messages)
    except Exception as error:
        return _raised(error)


def serve(system):
    """Answers questions from standard input until it ends. What the system prints goes to standard error."""
    answers, out, sys.stdout = _Answers(system), sys.stdout, sys.stderr
    optional = ["update", "restate", "learn", "compare", "workload"]
    for line in sys.stdin.buffer:
        ask = json.loads(line)
        if "afresh" in ask:
            about = {"protocol": PROTOCOL, "answers": [name for name in optional if hasattr(system, name)]}
            about |= {name: getattr(system, name) for name in ("name", "version", "flows") if hasattr(system, name)}
            out.write(_encode({"afresh": about}) + "\n")
        else:
            told = ask["messages"]
            each = ",".join([_answer(answers, question, told) for question in ask["questions"]])
            out.write('{"batch":%d,"answers":[%s]}\n' % (ask["batch"], each))
        out.flush()
