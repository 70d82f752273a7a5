import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/** Reads values of JSON from a text. */
final class JsonReader {
    private final String text;
    private int at = 0;

    JsonReader(String text) {
        this.text = text;
    }

    void end() {
        if (peek() != 0) {
            throw wrong("the end");
        }
    }

    private Object value() {
        switch (peek()) {
            case '{': return object();
            case '[': return array();
            case '"': return string();
            case 't': return word("true", true);
            case 'f': return word("false", false);
            case 'n': return word("null", null);
            default: return number();
        }
    }

    Json object() {
        Json object = new Json();
        expect('{');
        while (peek() != '}') {
            if (!object.isEmpty()) {
                expect(',');
            }
            peek();
            String name = string();
            expect(':');
            object.put(name, value());
        }
        at++;
        return object;
    }

    private List<Object> array() {
        List<Object> array = new ArrayList<>();
        expect('[');
        while (peek() != ']') {
            if (!array.isEmpty()) {
                expect(',');
            }
            array.add(value());
        }
        at++;
        return array;
    }

    private String string() {
        expect('"');
        int start = at;
        while (next() != '"') {
            if (text.charAt(at - 1) == '\\') {
                return escaped(start);
            }
        }
        return text.substring(start, at - 1);
    }

    private String escaped(int start) {
        StringBuilder string = new StringBuilder(text.substring(start, at - 1));
        for (at--;;) {
            char c = next();
            if (c == '"') {
                return string.toString();
            } else if (c != '\\') {
                string.append(c);
                continue;
            }
            c = next();
            int place = "\"\\/bfnrt".indexOf(c);
            if (place >= 0) {
                string.append("\"\\/\b\f\n\r\t".charAt(place));
            } else if (c == 'u') {
                string.append((char) Integer.parseInt(text.substring(at, at + 4), 16));
                at += 4;
            } else {
                throw wrong("an escape");
            }
        }
    }

    private Object number() {
        int start = at;
        while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        String number = text.substring(start, at);
        if (number.isEmpty()) {
            throw wrong("a value");
        } else if (number.matches(".*[.eE].*")) {
            return Double.valueOf(number);
        }
        return number.length() < 19 ? (Object) Long.valueOf(number) : narrow(new BigInteger(number));
    }

    private static Number narrow(BigInteger number) {
        return number.bitLength() < 64 ? (Number) number.longValue() : number;
    }

    private Object word(String word, Object value) {
        if (!text.startsWith(word, at)) {
            throw wrong(word);
        }
        at += word.length();
        return value;
    }

    /** Returns the next character that is no space, or 0 at the end. */
    private char peek() {
        while (at < text.length() && text.charAt(at) <= ' ') {
            at++;
        }
        return at < text.length() ? text.charAt(at) : 0;
    }

    private char next() {
        if (at == text.length()) {
            throw wrong("the end of a text");
        }
        return text.charAt(at++);
    }

    private void expect(char c) {
        if (peek() != c) {
            throw wrong("'" + c + "'");
        }
        at++;
    }

    private IllegalArgumentException wrong(String expected) {
        return new IllegalArgumentException("expected " + expected + " at character " + (at + 1));
    }
}
