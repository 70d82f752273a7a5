import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Checks all traces: `java -cp target {{class}}Test`. The variable AFRESH names the program, by default `afresh`. */
final class {{class}}Test {
    public static void main(String[] arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(System.getenv().getOrDefault("AFRESH", "afresh"), "check"));
        try (Stream<Path> traces = Files.list(Path.of("traces"))) {
            traces.map(Path::toString).filter(trace -> trace.endsWith(".jsonl")).sorted().forEach(command::add);
        }
        int code = new ProcessBuilder(command).inheritIO().start().waitFor();
        if (code != 0) {
            throw new AssertionError("a state is not the one that its messages call for, see above");
        }
    }
}
