import java.math.BigInteger;
import java.util.*;
import java.util.regex.*;

/**
 * An object of JSON, which the JDK cannot read and write. With a library for JSON, replace `read` and `write`.
 * A value is a Json, List, String, Long, Double, Boolean or null, or a BigInteger if it is too large for a Long.
 */
@SuppressWarnings({"serial", "unchecked"})
final class Json extends LinkedHashMap<String, Object> {
    private static final String PLAIN = "[^\"\\\\\\x00-\\x1f]*+";
    private static final String STRING = "\"" + PLAIN + "(?:\\\\(?:[\"\\\\/bfnrt]|u[0-9a-fA-F]{4})" + PLAIN + ")*+\"";
    private static final String NUMBER = "-?+(?:0|[1-9][0-9]*+)(?:[.][0-9]++)?+(?:[eE][-+]?+[0-9]++)?+";
    private static final String OTHER = "[{}\\[\\]:,]|true|false|null|\\z|" + NUMBER;
    private static final Pattern TOKEN = Pattern.compile("\\G[ \t\r\n]*+(" + OTHER + "|" + STRING + "|(?s:.))");
    private static final Pattern ESCAPE = Pattern.compile("\\\\(?:u(....)|.)");
    // UTF-8 has no halves of surrogate pairs, so they are escaped.
    private static final Pattern SPECIAL = Pattern.compile("[\"\\\\\\x00-\\x1f\\x{d800}-\\x{dfff}]");

    /** Returns an object with these fields: names and values by turns. */
    static Json of(Object... fields) {
        Json object = new Json();
        for (int at = 0; at < fields.length; at += 2) {
            object.put((String) fields[at], fields[at + 1]);
        }
        return object;
    }

    boolean has(String name) { return containsKey(name); }
    boolean isTrue(String name) { return get(name) == Boolean.TRUE; }
    long number(String name) { return (Long) get(name); }
    String text(String name) { return (String) get(name); }
    Json object(String name) { return (Json) get(name); }
    <T> List<T> list(String name) { return (List<T>) getOrDefault(name, List.of()); }

    static Object read(String text) {
        Matcher tokens = TOKEN.matcher(text);
        Object value = value(next(tokens), tokens);
        after("", next(tokens), tokens);
        return value;
    }

    static String write(Object value) {
        if (value instanceof Map<?, ?> object) {
            StringJoiner fields = new StringJoiner(",", "{", "}");
            object.forEach((name, field) -> fields.add(write(name) + ":" + write(field)));
            return fields.toString();
        } else if (value instanceof Iterable<?> list) {
            StringJoiner items = new StringJoiner(",", "[", "]");
            list.forEach(item -> items.add(write(item)));
            return items.toString();
        } else if (value instanceof String text) {
            String plain = SPECIAL.matcher(text).replaceAll(c -> String.format("\\\\u%04x", c.group().codePointAt(0)));
            return '"' + plain + '"';
        }
        boolean isNumber = value instanceof Number number && Double.isFinite(number.doubleValue());
        if (isNumber || value instanceof Boolean || value == null) {
            return String.valueOf(value);
        }
        throw new IllegalArgumentException("JSON cannot have " + value);
    }

    private static Object value(String token, Matcher tokens) {
        return switch (token) {
            case "{" -> object(tokens);
            case "[" -> array(tokens);
            case "true", "false" -> Boolean.valueOf(token);
            case "null" -> null;
            default -> token.startsWith("\"") ? string(token) : numeric(token);
        };
    }

    private static Json object(Matcher tokens) {
        Json object = new Json();
        for (String token = next(tokens); !token.equals("}"); token = next(tokens)) {
            String start = object.isEmpty() ? token : after(",", token, tokens);
            String name = String.valueOf(value(start, tokens));
            if (!start.startsWith("\"") || object.containsKey(name)) {
                throw new IllegalArgumentException("expected another name than " + start);
            }
            object.put(name, value(after(":", next(tokens), tokens), tokens));
        }
        return object;
    }

    private static List<Object> array(Matcher tokens) {
        List<Object> array = new ArrayList<>();
        for (String token = next(tokens); !token.equals("]"); token = next(tokens)) {
            array.add(value(array.isEmpty() ? token : after(",", token, tokens), tokens));
        }
        return array;
    }

    private static String string(String token) {
        String text = token.substring(1, token.length() - 1);
        return !text.contains("\\") ? text : ESCAPE.matcher(text).replaceAll(escape -> {
            String hex = escape.group(1), it = escape.group().replace("\\/", "/");
            return Matcher.quoteReplacement(hex == null ? it.translateEscapes() : (char) Integer.parseInt(hex, 16) + "");
        });
    }

    private static Object numeric(String token) {
        if (token.contains(".") || token.contains("e") || token.contains("E")) {
            return Double.valueOf(token);
        }
        BigInteger number = token.length() < 19 ? null : new BigInteger(token);
        return number == null || number.bitLength() < 64 ? (Object) Long.valueOf(token) : number;
    }

    private static String next(Matcher tokens) {
        return tokens.find() ? tokens.group(1) : "";
    }

    private static String after(String expected, String token, Matcher tokens) {
        if (!token.equals(expected)) {
            throw new IllegalArgumentException("expected `" + expected + "`, not `" + token + "`");
        }
        return next(tokens);
    }
}
