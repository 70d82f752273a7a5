"""Does the work of a check without Afresh: `python3 loop.py FOLDER TRACE`.

Reads the messages of a trace, and folds the whole history of a key after each one, with its views, outputs and
restatements. The folder has the order service.
"""
import json
import sys

sys.path.insert(0, sys.argv[1])
from orders import Orders  # noqa: E402 (the path must be known before)

system, histories, outputs = Orders(), {}, 0
with open(sys.argv[2], encoding="utf-8") as trace:
    next(trace)
    for line in trace:
        message = json.loads(line)["in"]
        body = message["body"]
        if system.admit(body) is not None:
            continue
        system.position(body)
        for key in system.keys(body):
            history = histories.setdefault(key, [])
            history.append(message)
            state = None
            for known in history:
                state = system.apply(key, state, known, ())
            view = system.view(key, state)
            for slot, output in system.outputs(key, state, ()).items():
                system.route(key, slot, output) or system.receiver(key, slot, output)
                outputs += 1
            system.invariants(key, state)
            if system.restate(key, history, ()) != view:
                sys.exit(f"{key} differs")
print(len(histories), outputs)
