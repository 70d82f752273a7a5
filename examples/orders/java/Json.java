import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** An object of JSON. Its values are Json, List, String, Long, BigInteger, Double, Boolean or null. */
@SuppressWarnings("serial")
final class Json extends LinkedHashMap<String, Object> {
    /** Returns an object with these fields: names and values by turns. */
    static Json of(Object... fields) {
        Json object = new Json();
        for (int at = 0; at < fields.length; at += 2) {
            object.put((String) fields[at], fields[at + 1]);
        }
        return object;
    }

    boolean has(String name) {
        return containsKey(name);
    }

    Json object(String name) {
        return (Json) get(name);
    }

    String text(String name) {
        return (String) get(name);
    }

    long number(String name) {
        return (Long) get(name);
    }

    boolean isTrue(String name) {
        return get(name) == Boolean.TRUE;
    }

    /** Returns a list whose items are of one type; empty if there is no such field. */
    @SuppressWarnings("unchecked")
    <T> List<T> list(String name) {
        return (List<T>) getOrDefault(name, List.of());
    }

    /** Reads an object. */
    static Json read(String text) {
        JsonReader reader = new JsonReader(text);
        Json object = reader.object();
        reader.end();
        return object;
    }

    @Override
    public String toString() {
        StringBuilder out = new StringBuilder();
        write(this, out);
        return out.toString();
    }

    private static void write(Object value, StringBuilder out) {
        if (value instanceof Map) {
            String before = "{";
            for (Map.Entry<?, ?> field : ((Map<?, ?>) value).entrySet()) {
                out.append(before);
                writeString((String) field.getKey(), out);
                write(field.getValue(), out.append(':'));
                before = ",";
            }
            out.append(before.equals("{") ? "{}" : "}");
        } else if (value instanceof Iterable) {
            String before = "[";
            for (Object item : (Iterable<?>) value) {
                write(item, out.append(before));
                before = ",";
            }
            out.append(before.equals("[") ? "[]" : "]");
        } else if (value instanceof CharSequence) {
            writeString(value.toString(), out);
        } else if (value instanceof Double && !Double.isFinite((Double) value)) {
            throw new IllegalArgumentException("JSON has no number " + value);
        } else if (value == null || value instanceof Number || value instanceof Boolean) {
            out.append(value);
        } else {
            throw new IllegalArgumentException("JSON has no " + value.getClass().getName());
        }
    }

    private static void writeString(String string, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < string.length(); i++) {
            char c = string.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < ' ') {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        out.append('"');
    }
}
