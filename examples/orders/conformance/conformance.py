"""Holds an implementation of the order service against the protocol: `python3 conformance.py COMMAND...`

`requests.jsonl` has lines as Afresh writes them, and `answers.jsonl` has the line that must answer each. The field
`about` says what a request is for. The program does not know this field, as it may not know others, and ignores it.
The command gets the argument `--properties` for `properties-requests.jsonl` and `properties-answers.jsonl`.

Answers are compared as values of JSON. Where the expected answer has an `error`, any text is right.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import threading

FOLDER = pathlib.Path(__file__).parent
SECONDS_MAX = 60


def lines(name):
    # The function `splitlines` splits at U+2028 too, which may be inside of a text.
    return (FOLDER / name).read_text(encoding="utf-8").split("\n")[:-1]


def at_once(command, requests):
    """Write all requests, then read all answers."""
    text = "".join(request + "\n" for request in requests)
    try:
        done = subprocess.run(command, input=text.encode(), stdout=subprocess.PIPE, timeout=SECONDS_MAX, check=False)
    except subprocess.TimeoutExpired:
        sys.exit(f"the program did not end in {SECONDS_MAX} s, although its input did")
    if done.returncode != 0:
        sys.exit(f"the program ended with exit code {done.returncode}; expected 0 when its input ends")
    return done.stdout.decode().split("\n")[:-1]


def one_by_one(command, requests):
    """Write each request only when the one before it was answered."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, start_new_session=True) as program:
        # A program that keeps its answer back is ended, with the processes that it started.
        limit = threading.Timer(SECONDS_MAX, os.killpg, [program.pid, signal.SIGKILL])
        limit.start()
        answers = []
        for request in requests:
            program.stdin.write(request.encode() + b"\n")
            program.stdin.flush()
            answers.append(program.stdout.readline().decode().rstrip("\n"))
        limit.cancel()
    return answers


def unique(pairs):
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("an object has a name twice")
    return fields


def refuse(number):
    raise ValueError(f"{number} is no number of JSON")


def read(line):
    return json.loads(line, object_pairs_hook=unique, parse_constant=refuse)


def normal(value):
    """Return a value without the fields that have their default, and without the text of an error."""
    if isinstance(value, list):
        return [normal(item) for item in value]
    if isinstance(value, dict):
        fields = {name: normal(item) for name, item in value.items() if name != "violations" or item}
        if isinstance(value.get("error"), str):
            fields = {name: item for name, item in fields.items() if name not in ("kind", "at")} | {"error": "any"}
        return fields
    # In Python, True equals 1, and 1.0 equals 1.
    return (type(value).__name__, value)


def differences(request, line, expected):
    """Yield a text for each difference between a line of the program and the expected one."""
    try:
        answer = read(line)
    except ValueError as error:
        yield f"{error}: {line[:200]!r}"
        return
    if "afresh" in request:
        about = answer.get("afresh", {})
        for name, value in expected["afresh"].items():
            given = about.get(name)
            if (sorted(given or []) if name == "answers" else given) != value:
                yield f"`{name}` is {given!r}, expected {value!r}"
    elif answer.get("batch") != expected["batch"] or len(answer.get("answers", [])) != len(expected["answers"]):
        yield f"expected {len(expected['answers'])} answers to batch {expected['batch']}: {line[:200]!r}"
    else:
        for number, question in enumerate(request["questions"]):
            given, right = answer["answers"][number], expected["answers"][number]
            if normal(given) != normal(right):
                texts = [json.dumps(value, ensure_ascii=False) for value in (question, right, given)]
                yield "question {}: {}\n      expected {}\n      answered {}".format(number + 1, *texts)


def failures(command, prefix):
    """Print each difference between the answers of a program and the expected ones. Return how many there are."""
    requests, expected = lines(prefix + "requests.jsonl"), lines(prefix + "answers.jsonl")
    found = 0
    for name, ask in (("at once", at_once), ("one by one", one_by_one)):
        answers = ask(command, requests)
        if len(answers) != len(requests):
            sys.exit(f"{name}: the program wrote {len(answers)} lines, expected {len(requests)}, one for each request")
        for request, line, right in zip(map(read, requests), answers, map(read, expected)):
            for difference in differences(request, line, right):
                found += 1
                print(f"{name}: {request.get('about', 'the first line')}: {difference}")
    print(f"{prefix}requests.jsonl: " + (f"{found} differences" if found else f"ok: {len(requests)} requests"))
    return found


def main():
    command = sys.argv[1:]
    if not command:
        sys.exit(__doc__)
    found = failures(command, "") + failures([*command, "--properties"], "properties-")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
