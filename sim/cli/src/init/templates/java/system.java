import java.io.IOException;
import java.util.List;

/**
 * {{name}}: the number of pieces of each item, as a first system. Replace it with your own.
 *
 * A message says how many pieces came or went, and when: {"item": "tea", "count": -2, "on": 3}
 */
final class {{class}} extends Afresh {
    public static void main(String[] arguments) throws IOException {
        new {{class}}().serve();
    }

    @Override
    Json about() {
        return Json.of("name", "{{name}}", "version", "1");
    }

    /** Each item has a history of its own. */
    @Override
    List<String> keys(Json body) {
        return List.of(body.text("item"));
    }

    /** The place in that history, however late the message arrives. */
    @Override
    Object position(Json body) {
        return body.number("on");
    }

    /** The state after one more message. Before the first message, the state is null. */
    @Override
    Json apply(String key, Json state, Message message, List<String> flows) {
        return Json.of("left", left(state) + message.body().number("count"));
    }

    /** The part of the state that is recorded and compared. */
    @Override
    Json view(String key, Json state) {
        return Json.of("left", left(state));
    }

    /** The bodies of all that should have been sent, by slot. Afresh sends and withdraws only the difference. */
    @Override
    Json outputs(String key, Json state, List<String> flows) {
        return left(state) < 3 ? Json.of("low", Json.of("left", left(state))) : new Json();
    }

    @Override
    String receiver(String key, String slot, Json body) {
        return "buyer";
    }

    private static long left(Json state) {
        return state == null ? 0 : state.number("left");
    }
}
