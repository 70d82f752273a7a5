import java.util.List;
import java.util.Map;

/**
 * A system whose messages Afresh tests. Copy this file and the others that it needs; they need only the JDK.
 *
 * Bodies, states and views are objects of JSON. A state is null before the first message.
 */
interface Afresh {
    record Message(String from, String id, Json body) {}

    /** A change of the history. `before` is null for a message that comes late, and `after` for a withdrawn one. */
    record Change(Message before, Message after) {}

    record Broken(String invariant, String found) {}

    /** The keys that a message concerns. */
    List<String> keys(Json body);

    /** The state after a message. It may be the same map, changed. */
    Json apply(String key, Json state, Message message, List<String> flows);

    /** The part of the state that is recorded and compared. */
    Json view(String key, Json state);

    /** Everything that should have been sent: a map from slot to body. */
    Map<String, Json> outputs(String key, Json state, List<String> flows);

    // The methods that follow are optional. They return null if they have nothing to say.

    default String name() { return ""; }

    default String version() { return ""; }

    default List<String> flows() { return List.of(); }

    /** The reason why the message must not count. */
    default String admit(Json body) { return null; }

    /** The place in the history of its keys: a number, or a list of numbers. */
    default Object position(Json body) { return null; }

    /** Where an output goes. */
    default String receiver(String key, String slot, Json body) { return "downstream"; }

    /** The body of a message to other keys, if the output becomes one. */
    default Json route(String key, String slot, Json body) { return null; }

    /** The invariants that the state breaks. */
    default List<Broken> invariants(String key, Json state) { return List.of(); }

    // Afresh asks the questions that follow only if the class of the system has these methods.

    /** The state after a change of the history, without folding it again. */
    default Json update(String key, Json state, Change change, List<String> flows) { return null; }

    /** The view after these messages, computed in another way. */
    default Json restate(String key, List<Message> messages, List<String> flows) { return null; }

    /** The state with the values that only a recorded view tells. */
    default Json learn(String key, Json state, Json view) { return null; }

    /** For each part of the view: `equal`, `differs` or `unknown`. */
    default Json compare(String key, Json state, Json view) { return null; }

    /** The messages of a simulated run. */
    default List<Message> workload(long seed) { return null; }
}
