"""{{name}}: the number of pieces of each item, as a first system. Replace it with your own.

A message says how many pieces came or went, and when:

    {"item": "tea", "count": -2, "on": 3}
"""

from afresh import serve


class {{class}}:
    name = "{{name}}"
    version = "1"

    def keys(self, body):
        """Each item has a history of its own."""
        return [body["item"]]

    def position(self, body):
        """The place in that history, however late the message arrives."""
        return body["on"]

    def apply(self, key, state, message, flows):
        """The state after one more message. Before the first message, the state is None."""
        state = state or {"left": 0}
        state["left"] += message["body"]["count"]
        return state

    def view(self, key, state):
        """The part of the state that is recorded and compared."""
        return {"left": state["left"] if state else 0}

    def outputs(self, key, state, flows):
        """Everything that should have been sent, by slot. Afresh sends and withdraws only the difference."""
        left = self.view(key, state)["left"]
        return {"low": {"left": left}} if left < 3 else {}

    def receiver(self, key, slot, body):
        return "buyer"


if __name__ == "__main__":
    serve({{class}}())
