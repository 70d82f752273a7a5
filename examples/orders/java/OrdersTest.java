import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Checks the order service with Afresh: `javac -d target *.java && java -cp target OrdersTest`, in this folder. The
 * variable AFRESH names the program, if not `afresh`.
 */
final class OrdersTest {
    private static final String NIGHT = "../traces/night.jsonl";
    private static final String LATE_LINE = "../traces/late-line.jsonl";

    public static void main(String[] arguments) throws Exception {
        expect(0, "ok", NIGHT, LATE_LINE);
        expect(1, "incremental/lines", LATE_LINE, "--system", "orders+late-line");
        System.out.println("ok: the traces are right, and the bug is found");
    }

    private static void expect(int code, String text, String... options) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(System.getenv().getOrDefault("AFRESH", "afresh"), "check"));
        command.addAll(List.of(options));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int ended = process.waitFor();
        if (ended != code || !output.contains(text)) {
            throw new AssertionError("expected code " + code + " and `" + text + "`, not " + ended + ":\n" + output);
        }
    }
}
