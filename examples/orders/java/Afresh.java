import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.*;

/** Answers the questions of Afresh for a system, which extends this class. Copy this file and `Json.java`. */
abstract class Afresh {
    record Message(String from, String id, Json body) {} // the body is null if it is no object
    record Change(Message late, Message withdrawn, List<Message> revised) {} // the others are null or empty

    abstract Json about(); // the fields of the first line, such as `name`
    abstract List<String> keys(Json body); // the keys that a message concerns
    abstract Json apply(String key, Json state, Message message, List<String> flows); // the state after a message
    abstract Json view(String key, Json state); // the part of the state that is recorded and compared
    abstract Json outputs(String key, Json state, List<String> flows); // the bodies that should have been sent, by slot
    // These methods are optional, and null says nothing. A state is null before the first message.
    String admit(Json body) { return null; } // the reason why a message must not count
    Object position(Json body) { return null; } // the place in the history of its keys: a number, or a list of numbers
    String receiver(String key, String slot, Json body) { return "downstream"; } // where an output goes
    Json route(String key, String slot, Json body) { return null; } // the body of a message to other keys
    List<Json> invariants(String key, Json state) { return List.of(); } // `invariant` and `found` of each broken one
    Json update(String key, Json state, Change change, List<String> flows) { return null; } // the state after a change
    Json restate(String key, List<Message> messages, List<String> flows) { return null; } // the view, in another way
    Json learn(String key, Json state, Json view) { return null; } // the state, completed from a recorded view
    Json compare(String key, Json state, Json view) { return null; } // the parts: `equal`, `differs` or `unknown`
    String property(String name, Json states) { return null; } // the reason why a property does not hold
    List<Json> workload(long seed) { return null; } // the messages of a simulated run: `from`, `id` and `body`

    /** Answers questions until the input ends. Text that the system prints goes to standard error. */
    void serve() throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        System.setOut(System.err);
        List<String> answers = new ArrayList<>(List.of("update", "restate", "learn", "compare", "workload"));
        answers.retainAll(Arrays.stream(getClass().getDeclaredMethods()).map(method -> method.getName()).toList());
        Json about = Json.of("protocol", 1, "answers", answers);
        about.putAll(about());
        for (String line; (line = in.readLine()) != null; out.flush()) {
            Json ask = (Json) Json.read(line);
            out.append(ask.has("afresh") ? Json.write(Json.of("afresh", about)) : batch(ask)).append('\n');
        }
    }

    private String batch(Json batch) {
        Map<Object, Message> messages = new HashMap<>(); // by index
        batch.<Json>list("messages").forEach(told -> messages.put((long) messages.size(), new Message(
                told.text("from"), told.text("id"), told.get("body") instanceof Json body ? body : null)));
        List<String> answers = new ArrayList<>();
        batch.<Json>list("questions").forEach(
                question -> question.forEach((kind, ask) -> answers.add(answer(kind, ask, messages))));
        return "{\"batch\":" + batch.get("batch") + ",\"answers\":[" + String.join(",", answers) + "]}";
    }

    private String answer(String kind, Object asked, Map<Object, Message> given) {
        Json ask = asked instanceof Json fields ? fields : Json.of(kind, asked);
        Json answer = kind.equals("fold") ? Json.of("states", new ArrayList<>()) : new Json();
        try {
            answer.putAll(answer(kind, ask, ask.list("flows"), given, answer.list("states")));
            answer.values().removeIf(Objects::isNull);
            return Json.write(answer);
        } catch (Exception | StackOverflowError error) {
            String at = Arrays.stream(error.getStackTrace()).filter(frame -> !frame.getClassName().startsWith("java."))
                    .map(frame -> frame.getFileName() + ":" + frame.getLineNumber()).findFirst().orElse("");
            answer.keySet().retainAll(List.of("states"));
            answer.putAll(Json.of("error", "" + error.getMessage(), "kind", error.getClass().getSimpleName(), "at", at));
            return Json.write(answer);
        }
    }

    private Json answer(String kind, Json ask, List<String> flows, Map<Object, Message> given, List<Json> states) {
        Json state = ask.object("state"), view = ask.object("view");
        String key = ask.text("key");
        List<Message> told = ask.list(kind.equals("update") ? "revised" : "messages").stream().map(given::get).toList();
        return switch (kind) {
            case "place" -> place(given.get(ask.get("place")).body());
            case "fold" -> fold(ask, key, flows, told, states);
            case "look" -> look(key, state, flows);
            case "receiver" -> goes(new Json(), key, ask.text("slot"), ask.object("body"));
            case "update" -> Json.of("state", update(key, state, new Change(
                    given.get(ask.get("late")), given.get(ask.get("withdrawn")), told), flows));
            case "restate" -> Json.of("view", restate(key, told, flows));
            case "learn" -> Json.of("state", learn(key, state, view));
            case "compare" -> Json.of("parts", compare(key, state, view));
            case "property" -> Json.of("broken", property(ask.text("name"), ask.object("states")));
            case "workload" -> Json.of("messages", workload(((Number) ask.get("seed")).longValue()));
            default -> throw new IllegalArgumentException("unknown question " + kind);
        };
    }

    private Json place(Json body) {
        String reason = admit(body);
        return reason != null ? Json.of("reject", reason) : Json.of("keys", keys(body), "position", position(body));
    }

    private Json fold(Json ask, String key, List<String> flows, List<Message> messages, List<Json> states) {
        Json state = ask.object("state");
        List<Object> after = ask.list("after");
        for (int number = 1; number <= messages.size(); number++) {
            state = apply(key, state, messages.get(number - 1), flows);
            if (states.size() < after.size() && after.get(states.size()).equals((long) number)) {
                Json seen = ask.isTrue("look") ? look(key, state, flows) : new Json();
                seen.put("state", state);
                states.add((Json) Json.read(Json.write(seen)));
                state = ask.isTrue("steps") ? (Json) Json.read(Json.write(state)) : state; // As a service does.
            }
        }
        return new Json();
    }

    private Json look(String key, Json state, List<String> flows) {
        Json outputs = outputs(key, state, flows);
        outputs.replaceAll((slot, body) -> goes(Json.of("body", body), key, slot, (Json) body));
        return Json.of("view", view(key, state), "outputs", outputs, "violations", invariants(key, state));
    }

    private Json goes(Json output, String key, String slot, Json body) {
        Json route = route(key, slot, body);
        output.put(route != null ? "route" : "to", route != null ? route : receiver(key, slot, body));
        return output;
    }
}
