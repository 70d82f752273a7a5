import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.*;
import java.util.stream.Stream;

/** Answers the questions of Afresh for a system. Text that the system prints goes to standard error. */
record Answers(Afresh system) {
    void serve() throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        System.setOut(System.err);
        for (String line; (line = in.readLine()) != null; out.flush()) {
            Json ask = Json.read(line);
            out.append(ask.has("afresh") ? hello().toString() : batch(ask)).append('\n');
        }
    }

    private Json hello() {
        List<String> answers = new ArrayList<>(List.of("update", "restate", "learn", "compare", "workload"));
        answers.retainAll(Stream.of(system.getClass().getDeclaredMethods()).map(method -> method.getName()).toList());
        return Json.of("afresh", Json.of("protocol", 1L, "name", system.name(), "version", system.version(),
                "flows", system.flows(), "answers", answers));
    }

    private String batch(Json ask) {
        List<Afresh.Message> messages = ask.<Json>list("messages").stream()
                .map(told -> new Afresh.Message(told.text("from"), told.text("id"), told.object("body"))).toList();
        List<String> answers = new ArrayList<>();
        for (Json question : ask.<Json>list("questions")) {
            try {
                Map.Entry<String, Object> entry = question.entrySet().iterator().next();
                Json answer = answer(entry.getKey(), entry.getValue(), messages);
                answer.values().removeIf(Objects::isNull);
                answers.add(answer.toString());
            } catch (Exception | StackOverflowError error) {
                answers.add(raised(error).toString());
            }
        }
        return "{\"batch\":" + ask.get("batch") + ",\"answers\":[" + String.join(",", answers) + "]}";
    }

    private Json answer(String kind, Object asked, List<Afresh.Message> messages) {
        if (asked instanceof Long index) {
            Json body = messages.get(index.intValue()).body();
            String reason = system.admit(body);
            return reason != null ? Json.of("reject", reason)
                    : Json.of("keys", system.keys(body), "position", system.position(body));
        }
        Json ask = (Json) asked, state = ask.object("state"), view = ask.object("view");
        String key = ask.text("key");
        List<String> flows = ask.list("flows");
        List<Afresh.Message> told = told(ask.list("messages"), messages);
        return switch (kind) {
            case "fold" -> fold(ask, key, state, flows, told);
            case "look" -> look(key, state, flows);
            case "receiver" -> goes(key, ask.text("slot"), ask.object("body"));
            case "update" -> Json.of("state", system.update(key, state, change(ask, messages), flows));
            case "restate" -> Json.of("view", system.restate(key, told, flows));
            case "learn" -> Json.of("state", system.learn(key, state, view));
            case "compare" -> Json.of("parts", system.compare(key, state, view));
            case "workload" -> Json.of("messages", system.workload(ask.number("seed")).stream().map(
                    message -> Json.of("from", message.from(), "id", message.id(), "body", message.body())).toList());
            default -> throw new IllegalArgumentException("unknown question " + kind);
        };
    }

    private Json fold(Json ask, String key, Json state, List<String> flows, List<Afresh.Message> messages) {
        List<Json> states = new ArrayList<>();
        Json answer = Json.of("states", states);
        try {
            for (Iterator<Afresh.Message> rest = messages.iterator(); rest.hasNext();) {
                state = system.apply(key, state, rest.next(), flows);
                if (!rest.hasNext() || ask.isTrue("each")) {
                    Json seen = ask.isTrue("look") ? look(key, state, flows) : new Json();
                    seen.put("state", state);
                    // A service, too, continues from the state that it wrote.
                    state = Json.read(seen.toString()).object("state");
                    states.add(seen);
                }
            }
        } catch (Exception | StackOverflowError error) {
            answer.putAll(raised(error));
        }
        return answer;
    }

    private Json look(String key, Json state, List<String> flows) {
        Json outputs = new Json();
        system.outputs(key, state, flows).forEach((slot, body) -> {
            Json output = goes(key, slot, body);
            output.put("body", body);
            outputs.put(slot, output);
        });
        List<Json> violations = system.invariants(key, state).stream()
                .map(broken -> Json.of("invariant", broken.invariant(), "found", broken.found())).toList();
        return Json.of("view", system.view(key, state), "outputs", outputs, "violations", violations);
    }

    private Json goes(String key, String slot, Json body) {
        Json route = system.route(key, slot, body);
        return route != null ? Json.of("route", route) : Json.of("to", system.receiver(key, slot, body));
    }

    private static List<Afresh.Message> told(List<Long> indices, List<Afresh.Message> messages) {
        return indices.stream().map(index -> messages.get(index.intValue())).toList();
    }

    private static Afresh.Change change(Json ask, List<Afresh.Message> messages) {
        List<Afresh.Message> both = told(ask.list("revised"), messages);
        Afresh.Message before = ask.has("withdrawn") ? messages.get((int) ask.number("withdrawn")) : null;
        Afresh.Message after = ask.has("late") ? messages.get((int) ask.number("late")) : null;
        return both.isEmpty() ? new Afresh.Change(before, after) : new Afresh.Change(both.get(0), both.get(1));
    }

    private static Json raised(Throwable error) {
        String at = Stream.of(error.getStackTrace()).filter(frame -> !frame.getClassName().startsWith("java."))
                .map(frame -> frame.getFileName() + ":" + frame.getLineNumber()).findFirst().orElse("");
        return Json.of("error", String.valueOf(error.getMessage()), "kind", error.getClass().getSimpleName(), "at", at);
    }
}
