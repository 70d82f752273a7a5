"""Answers the questions of Afresh for a system in Python. Copy this file; it needs only the standard library.

A system is an object with these methods; `state` is None before the first message, and `apply` may change it:
    keys(body)                          the keys that a message concerns
    apply(key, state, message, flows)   the state after a message
    view(key, state)                    the part of the state that is recorded and compared
    outputs(key, state, flows)          everything that should have been sent: a dict from slot to body

It may also have these, and the attributes `name`, `version`, `flows` and `properties` (`name` and `expect` of each):
    admit(body)                         the reason why the message must not count, or None
    position(body)                      the place in the history of its keys: a number, or a list of numbers
    receiver(key, slot, body)           where an output goes; `downstream` without this method
    route(key, slot, body)              the body of a message to other keys, or None if it goes to a receiver
    invariants(key, state)              the invariants that the state breaks: pairs of a name and a text
    update(key, state, change, flows)   the state after a change of the history, or None to fold it again
    restate(key, messages, flows)       the view after these messages, computed in another way, or None
    learn(key, state, view)             the state with the values that only a recorded view tells, or None
    compare(key, state, view)           for each part of the view: "equal", "differs" or "unknown"
    workload(seed)                      the messages of a simulated run
    property(name, states)              the reason why one of the `properties` does not hold, or None

A message is a dict with `from`, `id` and `body`. A change is {"late": message}, {"withdrawn": message} or
{"revised": [before, after]}. Bodies, states and views must stay the same when `json` writes and reads them.
"""
import json
import os
import sys

OPTIONAL = {"update": "state", "restate": "view", "learn": "state", "compare": "parts", "workload": "messages"}
read = json.JSONDecoder().decode
write = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False).encode


def answer(system, question, messages):
    try:
        (kind, ask), = question.items()
        if kind == "place":
            return write(place(system, messages[ask]["body"]))
        key, state, flows = ask.get("key"), ask.get("state"), ask.get("flows", ())
        if kind == "fold":
            return fold(system, key, state, flows, ask, messages)
        if kind == "look":
            return write(look(system, key, state, flows))
        if kind == "receiver":
            return write(goes(system, key, ask["slot"], ask["body"]))
        if kind == "update":
            change = {name: messages[ask[name]] for name in ("late", "withdrawn") if name in ask}
            change |= {name: [messages[index] for index in ask[name]] for name in ("revised",) if name in ask}
            arguments = [key, state, change, flows]
        elif kind == "restate":
            arguments = [key, [messages[index] for index in ask["messages"]], flows]
        else:
            names = {"workload": ["seed"], "property": ["name", "states"]}.get(kind, ["key", "state", "view"])
            arguments = [ask.get(name) for name in names]
        result = getattr(system, kind)(*arguments)
        return write({} if result is None else {OPTIONAL.get(kind, "broken"): result})
    except Exception as error:
        return write(raised(error))


def place(system, body):
    reason = system.admit(body) if hasattr(system, "admit") else None
    if reason is not None:
        return {"reject": reason}
    position = {"position": system.position(body)} if hasattr(system, "position") else {}
    return {"keys": system.keys(body), **position}


def fold(system, key, state, flows, ask, messages):
    after, steps, looks, states, failure = ask["after"] + [0], ask.get("steps"), ask.get("look"), [], ""
    try:
        for number, index in enumerate(ask["messages"], 1):
            state = system.apply(key, state, messages[index], flows)
            if number == after[len(states)]:
                text = write(state)
                seen = "," + write(look(system, key, state, flows))[1:] if looks else "}"
                states.append('{"state":' + text + seen)
                state = read(text) if steps else state  # As a service does.
    except Exception as error:
        failure = "," + write(raised(error))[1:-1]
    return '{"states":[' + ",".join(states) + "]" + failure + "}"


def look(system, key, state, flows):
    bodies = system.outputs(key, state, flows)
    outputs = {slot: {"body": body} | goes(system, key, slot, body) for slot, body in bodies.items()}
    broken = system.invariants(key, state) if hasattr(system, "invariants") else ()
    violations = [{"invariant": name, "found": found} for name, found in broken]
    return {"view": system.view(key, state), "outputs": outputs, "violations": violations}


def goes(system, key, slot, body):
    route = system.route(key, slot, body) if hasattr(system, "route") else None
    if route is not None:
        return {"route": route}
    return {"to": system.receiver(key, slot, body)} if hasattr(system, "receiver") else {}


def raised(error):
    last = error.__traceback__
    while last.tb_next:
        last = last.tb_next
    at = f"{os.path.basename(last.tb_frame.f_code.co_filename)}:{last.tb_lineno}"
    return {"error": str(error), "kind": type(error).__name__, "at": at}


def serve(system):
    """Answer questions until the input ends. Text that the system prints goes to standard error."""
    out, sys.stdout = sys.stdout, sys.stderr
    about = {name: getattr(system, name) for name in ("name", "version", "flows", "properties") if name in dir(system)}
    about |= {"protocol": 1, "answers": [name for name in OPTIONAL if hasattr(system, name)]}
    sys.stdin.reconfigure(encoding="utf-8")
    for line in sys.stdin:
        ask = read(line)
        if "afresh" in ask:
            text = write({"afresh": about})
        else:
            answers = [answer(system, question, ask["messages"]) for question in ask["questions"]]
            text = '{"batch":%d,"answers":[%s]}' % (ask["batch"], ",".join(answers))
        print(text, file=out, flush=True)
