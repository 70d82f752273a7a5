import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;

/** The order service, as `../python/orders.py` describes it. */
final class Orders extends Afresh {
    private static final List<String> KINDS = List.of("cancelled", "credit", "customer", "item", "paid", "shipped");
    private static final List<String> TEXTS = List.of("account", "customer", "item", "order");
    private static final long LARGEST = 1_000_000;
    private static final Map<String, Long> LEAST =
            new TreeMap<>(Map.of("change", 0L, "count", 0L, "credit", 0L, "paid", -LARGEST, "price", 0L));
    private static final List<String> ITEMS = List.of("bread", "milk", "salt", "tea");

    private final List<String> arguments;

    Orders(List<String> arguments) {
        this.arguments = arguments;
    }

    public static void main(String[] arguments) throws IOException {
        new Orders(List.of(arguments)).serve();
    }

    @Override
    Json about() {
        Json about = Json.of("name", "orders", "version", "1", "flows", List.of("reminders"));
        if (arguments.contains("--properties")) {
            about.put("properties", List.of(Json.of("name", "credits-are-of-orders", "expect", "always")));
        }
        return about;
    }

    @Override
    String admit(Json body) {
        if (body == null) {
            return "the body is not an object";
        }
        List<String> kinds = KINDS.stream().filter(body::has).toList();
        if (kinds.size() != 1) {
            return "expected one of " + String.join(", ", KINDS);
        }
        List<String> needed = switch (kinds.get(0)) {
            case "credit" -> List.of("account", "order");
            case "item" -> List.of("order", "change", "count", "price");
            default -> List.of("order", "change");
        };
        for (String name : needed) {
            if (!body.has(name)) {
                return name + " is missing";
            }
        }
        for (String name : TEXTS) {
            if (body.has(name) && !(body.get(name) instanceof String)) {
                return name + " is not a text";
            }
        }
        for (var entry : LEAST.entrySet()) {
            String name = entry.getKey();
            long least = entry.getValue();
            if (body.has(name) && !(body.get(name) instanceof Long number && least <= number && number <= LARGEST)) {
                return name + " is not a whole number from " + least + " to " + LARGEST;
            }
        }
        return null;
    }

    @Override
    List<String> keys(Json body) {
        return List.of(body.has("credit") ? "account/" + body.text("account") : body.text("order"));
    }

    @Override
    Object position(Json body) {
        // An order has one credit at most, so the order of the credits of an account does not matter.
        return body.has("credit") ? 0L : body.number("change");
    }

    @Override
    Json apply(String key, Json before, Message message, List<String> flows) {
        Json state = before != null ? before : newState(key);
        Json body = message.body();
        if (body.has("credit")) {
            state.object("credits").put(body.text("order"), body.number("credit"));
        } else if (body.has("customer")) {
            state.put("customer", body.text("customer"));
        } else if (body.has("item")) {
            setLine(state, body);
        } else if (body.has("paid")) {
            state.put("paid", state.number("paid") + body.number("paid"));
        } else if (body.has("shipped")) {
            state.put("shipped", !state.isTrue("cancelled"));
        } else if (body.has("cancelled")) {
            state.put("cancelled", !state.isTrue("shipped"));
        } else {
            throw new IllegalArgumentException("the message tells no change");
        }
        return state;
    }

    @Override
    Json view(String key, Json before) {
        Json state = before != null ? before : newState(key);
        if (state.has("credits")) {
            long credit = state.object("credits").values().stream().mapToLong(part -> (Long) part).sum();
            return Json.of("credit", credit);
        }
        String end = state.isTrue("shipped") ? "shipped" : state.isTrue("cancelled") ? "cancelled" : null;
        return orderView(state.text("customer"), state.object("lines"), state.number("paid"), end);
    }

    @Override
    Json outputs(String key, Json state, List<String> flows) {
        Json view = view(key, state);
        Json outputs = new Json();
        if (view.has("credit")) {
            if (view.number("credit") > 0) {
                outputs.put("voucher", Json.of("credit", view.number("credit")));
            }
            return outputs;
        }
        String customer = view.text("customer");
        String status = view.text("status");
        long paid = view.number("paid");
        long total = view.number("total");
        if (total > 0 && !status.equals("cancelled")) {
            outputs.put("invoice", Json.of("order", key, "total", total));
        }
        if (status.equals("paid") || status.equals("shipped")) {
            Json items = new Json();
            view.object("lines").forEach((item, line) -> items.put(item, ((Json) line).number("count")));
            outputs.put("shipment", Json.of("order", key, "items", items));
        }
        if (status.equals("open") && total > paid && flows.contains("reminders")) {
            outputs.put("reminder", Json.of("order", key, "due", total - paid));
        }
        long back = status.equals("cancelled") ? paid : paid - total;
        if (back > 0 && customer == null) {
            outputs.put("refund", Json.of("order", key, "amount", back));
        } else if (back > 0) {
            outputs.put("credit", Json.of("account", customer, "order", key, "credit", back));
        }
        return outputs;
    }

    @Override
    String receiver(String key, String slot, Json body) {
        return switch (slot) {
            case "refund" -> "bank";
            case "shipment" -> "warehouse";
            default -> "customer";
        };
    }

    @Override
    Json route(String key, String slot, Json body) {
        return slot.equals("credit") ? body : null;
    }

    @Override
    List<Json> invariants(String key, Json state) {
        if (state == null || !state.has("paid") || state.number("paid") >= 0) {
            return List.of();
        }
        return List.of(Json.of("invariant", "paid-is-not-negative", "found", "paid is " + state.number("paid")));
    }

    /** Adds a late payment to the others. Anything else is folded again. */
    @Override
    Json update(String key, Json state, Change change, List<String> flows) {
        if (state == null || change.late() == null) {
            return null;
        }
        Json body = change.late().body();
        if (body.has("paid")) {
            state.put("paid", state.number("paid") + body.number("paid"));
            return state;
        }
        if (body.has("item") && arguments.contains("--bug")) {
            // The bug: a line that comes late replaces a newer line of the same item.
            setLine(state, body);
            return state;
        }
        return null;
    }

    /** Selects what counts of all messages, without going from state to state. */
    @Override
    Json restate(String key, List<Message> messages, List<String> flows) {
        if (key.startsWith("account/")) {
            return null;
        }
        List<Json> bodies = messages.stream().map(Message::body).toList();
        String customer = bodies.stream().map(body -> body.text("customer")).filter(Objects::nonNull)
                .reduce((first, second) -> second).orElse(null);
        Json lines = new Json();
        bodies.stream().filter(body -> body.has("item")).forEach(body -> lines.put(body.text("item"), line(body)));
        lines.values().removeIf(line -> ((Json) line).number("count") == 0);
        long paid = bodies.stream().filter(body -> body.has("paid")).mapToLong(body -> body.number("paid")).sum();
        String end = bodies.stream().flatMap(body -> body.keySet().stream())
                .filter(name -> name.equals("shipped") || name.equals("cancelled")).findFirst().orElse(null);
        return orderView(customer, lines, paid, end);
    }

    /** The view of an order shows all of its state. The view of an account does not show the single credits. */
    @Override
    Json learn(String key, Json state, Json view) {
        if (view.has("credit")) {
            return null;
        }
        String status = view.text("status");
        return Json.of("customer", view.text("customer"), "lines", view.object("lines"), "paid", view.number("paid"),
                "shipped", status.equals("shipped"), "cancelled", status.equals("cancelled"));
    }

    /** Older versions recorded fewer parts. */
    @Override
    Json compare(String key, Json state, Json view) {
        Json parts = new Json();
        view(key, state).forEach((name, value) -> parts.put(
                name, !view.has(name) ? "unknown" : Objects.equals(view.get(name), value) ? "equal" : "differs"));
        return parts;
    }

    /** Returns the first credit, in the order of accounts and of orders, of an order without a state. */
    @Override
    String property(String name, Json states) {
        for (String key : new TreeSet<>(states.keySet())) {
            if (states.object(key).has("credits")) {
                for (String order : new TreeSet<>(states.object(key).object("credits").keySet())) {
                    if (!states.has(order)) {
                        return key + " has a credit of " + order + ", which is unknown";
                    }
                }
            }
        }
        return null;
    }

    @Override
    List<Json> workload(long seed) {
        Draw draw = new Draw(seed);
        Map<String, Long> changes = new TreeMap<>();
        List<Json> messages = new ArrayList<>();
        int count = 5 + draw.below(25);
        for (int number = 1; number <= count; number++) {
            String order = "o-" + (1 + draw.below(3));
            Json body = Json.of("order", order, "change", changes.merge(order, 1L, Long::sum));
            int kind = draw.below(12);
            if (kind < 6) {
                body.put("item", ITEMS.get(draw.below(4)));
                body.put("count", (long) draw.below(4));
                body.put("price", 50L + 50 * draw.below(9));
            } else if (kind < 9) {
                body.put("paid", 50L + 50 * draw.below(20));
            } else if (kind < 10) {
                body.put("customer", "c-" + (1 + draw.below(2)));
            } else {
                body.put(kind == 10 ? "shipped" : "cancelled", true);
            }
            messages.add(Json.of("from", "shop", "id", "m-" + number, "body", body));
        }
        return messages;
    }

    /** The generator of Park and Miller, which gives the same numbers in every language. */
    private static final class Draw {
        private long state;

        Draw(long seed) {
            state = Long.remainderUnsigned(seed, 2147483646) + 1;
        }

        int below(int limit) {
            state = state * 48271 % 2147483647;
            return (int) (state % limit);
        }
    }

    private static Json newState(String key) {
        if (key.startsWith("account/")) {
            return Json.of("credits", new Json());
        }
        return Json.of("customer", null, "lines", new Json(), "paid", 0L, "shipped", false, "cancelled", false);
    }

    private static Json line(Json body) {
        return Json.of("count", body.number("count"), "price", body.number("price"));
    }

    private static void setLine(Json state, Json body) {
        if (body.number("count") == 0) {
            state.object("lines").remove(body.text("item"));
        } else {
            state.object("lines").put(body.text("item"), line(body));
        }
    }

    private static Json orderView(String customer, Json lines, long paid, String end) {
        long total = 0;
        for (Object line : lines.values()) {
            total += ((Json) line).number("count") * ((Json) line).number("price");
        }
        String status = end != null ? end : 0 < total && total <= paid ? "paid" : "open";
        return Json.of("customer", customer, "lines", lines, "paid", paid, "status", status, "total", total);
    }
}
