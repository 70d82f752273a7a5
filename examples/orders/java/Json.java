import java.math.BigInteger;
import java.util.*;
import java.util.regex.*;

/** An object of JSON. Its values are Json, List, String, Double, Boolean, null and Long, or BigInteger beyond it. */
@SuppressWarnings({"serial", "unchecked"})
final class Json extends LinkedHashMap<String, Object> {
    private static final String PLAIN = "[^\"\\\\\\x00-\\x1f]*+";
    private static final String STRING = "\"" + PLAIN + "(?:\\\\(?:[\"\\\\/bfnrt]|u[0-9a-fA-F]{4})" + PLAIN + ")*+\"";
    private static final String OTHER = "-?(?:0|[1-9]\\d*)(?:[.]\\d+)?(?:[eE][-+]?\\d+)?|true|false|null|\\z|(?s:.)";
    private static final Pattern TOKEN = Pattern.compile("\\G[ \t\r\n]*+([{}\\[\\]:,]|" + STRING + "|" + OTHER + ")");
    private static final Pattern ESCAPE = Pattern.compile("\\\\(?:u(....)|.)");
    private static final Pattern SPECIAL_OR_HALF = Pattern.compile("[\"\\\\\\x00-\\x1f\\x{d800}-\\x{dfff}]");

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

    // The JDK cannot read and write JSON. With a library that can, replace the rest of this file.
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
            boolean isPlain = text.chars().allMatch(c -> c >= ' ' && c < 0xd800 && c != '"' && c != '\\');
            String plain = isPlain ? text : SPECIAL_OR_HALF.matcher(text).replaceAll(
                    found -> String.format("\\\\u%04x", found.group().codePointAt(0)));
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
            String hex = escape.group(1), other = escape.group().replace("\\/", "/");
            String plain = hex == null ? other.translateEscapes() : "" + (char) Integer.parseInt(hex, 16);
            return Matcher.quoteReplacement(plain);
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
