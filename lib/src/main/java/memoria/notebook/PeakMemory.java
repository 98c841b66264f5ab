package memoria.notebook;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** How much memory something needs for a while. Linux alone tells, and of the processor's memory only. */
final class PeakMemory {

    private static final Path RESET = Path.of("/proc/self/clear_refs");
    private static final Path STATUS = Path.of("/proc/self/status");

    private PeakMemory() {}

    /**
     * The most bytes this process held while something ran, above what it held before.
     *
     * @param work runs once in any case
     * @return empty if the system does not tell
     */
    static OptionalLong during(Runnable work) {
        long before;
        try {
            Files.writeString(RESET, "5");
            before = kilobytes("VmRSS:");
        } catch (IOException | RuntimeException unknown) {
            work.run();
            return OptionalLong.empty();
        }
        work.run();
        try {
            return OptionalLong.of(Math.max(0, kilobytes("VmHWM:") - before) * 1024);
        } catch (IOException | RuntimeException unknown) {
            return OptionalLong.empty();
        }
    }

    private static long kilobytes(String entry) throws IOException {
        String line =
                Files.readAllLines(STATUS).stream()
                        .filter(text -> text.startsWith(entry))
                        .findFirst()
                        .orElseThrow();
        return Long.parseLong(line.replaceAll("\\D", ""));
    }
}
