"""A program that answers the questions of Afresh wrongly: `python3 hostile.py MODE`.

Without a mode, it is right: its state is the sum of the numbers in the field `n` of the bodies. The modes of `at_hello`
go wrong at the first line. The modes of `at_batch` go wrong at the first batch and all others; with a number after a
colon, such as `sleeps:3`, at the third batch of each process and all others.
"""

import json
import os
import signal
import sys
import time

KEY = "k"


def answer(question, messages):
    (kind, ask), = question.items()
    if kind == "place":
        return {"keys": [messages[ask]["body"].get("key", KEY)]}
    if kind == "fold":
        state, states = ask.get("state") or {"sum": 0}, []
        for index in ask["messages"]:
            state = {"sum": state["sum"] + messages[index]["body"]["n"]}
            states.append({"state": state, **(look(state) if ask.get("look") else {})})
        return {"states": [states[number - 1] for number in ask["after"]]}
    if kind == "look":
        return look(ask.get("state") or {"sum": 0})
    if kind == "receiver":
        return {"to": "sink"}
    return {"error": f"unknown question {kind}"}


def look(state):
    return {"view": state, "outputs": {"total": {"body": state, "to": "sink"}}}


def line(ask):
    answers = [answer(question, ask["messages"]) for question in ask["questions"]]
    return json.dumps({"batch": ask["batch"], "answers": answers}, separators=(",", ":"))


def write(text):
    sys.stdout.write(text)
    sys.stdout.flush()


def at_hello(mode):
    """Return the answer to the first line, in the way of a mode."""
    about = {"protocol": 1, "name": "hostile"}
    if mode == "ends-at-once":
        sys.exit(0)
    if mode == "fails-at-once":
        sys.exit("cannot open the database")
    if mode == "another-protocol":
        about["protocol"] = 2
    elif mode == "unknown-field":
        about["colour"] = "red"
    elif mode == "changes-its-mind":
        about["version"] = str(os.getpid())
    elif mode == "hello-is-no-json":
        return "Hello, I am a program."
    elif mode == "never-says-hello":
        time.sleep(3600)
    elif mode == "few-bits":
        about["integer_bits"] = 53
    elif mode == "prints-at-start":
        print("listening for questions")
    return json.dumps({"afresh": about})


def at_batch(mode, text, ask):
    """Answer a batch in the way of a mode. The right answer is `text`."""
    right = json.loads(text)

    def with_answers(answers):
        write(json.dumps({"batch": ask["batch"], "answers": answers}) + "\n")

    def with_state(state):
        """Write the right answer, with this text for each sum."""
        write(text.replace('"sum":', f'"sum":{state},"was":') + "\n")

    if mode == "wrong-order":
        with_answers(right["answers"][::-1] if len(right["answers"]) > 1 else [])
    elif mode == "wrong-batch":
        write(text.replace('"batch":', '"batch":1000') + "\n")
    elif mode == "too-few":
        with_answers(right["answers"][:-1])
    elif mode == "too-many":
        with_answers(right["answers"] + right["answers"])
    elif mode == "half-a-line":
        write(text[: len(text) // 2])
        sys.exit(0)
    elif mode == "half-a-line-and-waits":
        write(text[: len(text) // 2])
        time.sleep(3600)
    elif mode == "endless-line":
        write('{"batch":%d,"answers":["' % ask["batch"])
        for _ in range(1 << 10):
            write("x" * (1 << 20))
        write('"]}\n')
    elif mode == "endless-stderr":
        for _ in range(1 << 6):
            sys.stderr.write("noise " * (1 << 18) + "\n")
        write(text + "\n")
    elif mode == "closes-its-output":
        os.close(1)
        time.sleep(3600)
    elif mode == "closes-its-input":
        os.close(0)
        write(text + "\n")
        time.sleep(3600)
    elif mode == "forks":
        # A grandchild that stays, in the group of the program, with its output open.
        if os.fork() == 0:
            time.sleep(3600)
        os._exit(0)
    elif mode == "leaves-its-group":
        # A grandchild that stays, in a session of its own, with the output of the program open.
        if os.fork() == 0:
            os.setsid()
            time.sleep(3600)
        os._exit(0)
    elif mode == "sleeps":
        time.sleep(3600)
    elif mode == "drips":
        # A byte now and then: there is always a part of an answer, and never an end.
        write("{")
        while True:
            time.sleep(0.2)
            write(" ")
    elif mode == "random-state":
        with_state(int.from_bytes(os.urandom(4), "big"))
    elif mode == "state-of-its-process":
        with_state(os.getpid())
    elif mode == "view-of-its-process":
        write(text.replace('"view":{', '"view":{"process":%d,' % os.getpid()) + "\n")
    elif mode == "receiver-of-its-process":
        write(text.replace('"to":"', '"to":"%d-' % os.getpid()) + "\n")
    elif mode == "prints":
        print("processing batch", ask["batch"])
        write(text + "\n")
    elif mode == "prints-after":
        write(text + "\ndone\n")
    elif mode == "empty-line":
        write("\n" + text + "\n")
    elif mode == "empty-lines-after":
        write(text + "\n \n\r\n")
    elif mode == "invalid-utf-8":
        sys.stdout.buffer.write(text.replace("sum", "s\udcff\udcfem").encode("utf-8", "surrogateescape") + b"\n")
        sys.stdout.flush()
    elif mode == "lone-surrogate":
        write(text.replace("sum", "s\\ud800m") + "\n")
    elif mode == "nul-byte":
        write("\0" + text + "\n")
    elif mode == "nan":
        with_state("NaN")
    elif mode == "infinity":
        with_state("1e999")
    elif mode == "duplicate-keys":
        with_state('1,"sum":2')
    elif mode == "beyond-53-bits":
        with_state((1 << 53) + 1)
    elif mode == "beyond-64-bits":
        with_state(1 << 64)
    elif mode == "large-double":
        with_state("1e300")
    elif mode == "deep":
        with_state("[" * 10_000 + "]" * 10_000)
    elif mode == "no-object":
        write("[1,2,3]\n")
    elif mode == "no-batch":
        write('{"answers":[]}\n')
    elif mode == "unknown-answer-field":
        write(text.replace('"states":', '"colour":1,"states":').replace('"keys":', '"colour":1,"keys":') + "\n")
    elif mode == "no-states":
        write(text.replace('"states":[{', '"states":[],"was":[{') + "\n")
    elif mode == "no-keys":
        with_answers([{} if "keys" in answer else answer for answer in right["answers"]])
    elif mode == "null-answer":
        with_answers([None for _ in right["answers"]])
    elif mode == "error-without-text":
        with_answers([{"error": 7} for _ in right["answers"]])
    elif mode == "errors":
        with_answers([{"error": "it is `closed`", "kind": "OSError", "at": "db.py:7"} for _ in right["answers"]])
    elif mode == "ends":
        sys.exit(3)
    elif mode == "crashes":
        sys.stderr.write("about to crash\n")
        sys.stderr.flush()
        os.kill(os.getpid(), signal.SIGSEGV)
    elif mode == "ignores-signals":
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        time.sleep(3600)
    elif mode == "much-memory":
        held = [b"x" * (64 << 20) for _ in range(64)]
        write(text + "\n")
        held.clear()
    else:
        write(text + "\n")


def main():
    mode, _, start = (sys.argv + [""])[1].partition(":")
    batches = 0
    for text in sys.stdin:
        ask = json.loads(text)
        if "afresh" in ask:
            write(at_hello(mode) + "\n")
            continue
        batches += 1
        at_batch(mode if batches >= int(start or 1) else "", line(ask), ask)


if __name__ == "__main__":
    main()
