package memoria.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import memoria.data.DataSet;
import memoria.diffusion.Ddim;
import memoria.diffusion.Seeds;
import memoria.torch.Torch;

/**
 * Resident memory after many steps, in a Java process whose heap is small and touched from the start: what grows is native. Run as a
 * program it prints two numbers of mebibytes.
 */
final class Memory {

    private Memory() {}

    /** Resident mebibytes after the first and after the last of some steps. */
    record Growth(double before, double after) {}

    /** Measures in a process of its own. */
    static Growth of(String work, int from, int to) {
        double[] numbers =
                printed(Memory.class, work, Integer.toString(from), Integer.toString(to));
        return new Growth(numbers[0], numbers[1]);
    }

    /** The two numbers that a program prints, run in a process of its own. */
    static double[] printed(Class<?> program, String... arguments) {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-Xms256m",
                                "-Xmx256m",
                                "-XX:+AlwaysPreTouch",
                                "-Dmemoria.quiet=true",
                                "-Dorg.slf4j.simpleLogger.log.ai.djl=warn",
                                "-cp",
                                System.getProperty("java.class.path"),
                                program.getName()));
        command.addAll(List.of(arguments));
        try {
            Process process =
                    new ProcessBuilder(command)
                            .redirectError(ProcessBuilder.Redirect.INHERIT)
                            .start();
            String printed = new String(process.getInputStream().readAllBytes());
            if (process.waitFor() != 0) {
                throw new IllegalStateException(
                        program.getSimpleName() + ": the measuring process failed: " + printed);
            }
            String[] numbers = printed.strip().split(" ");
            return new double[] {Double.parseDouble(numbers[0]), Double.parseDouble(numbers[1])};
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(program.getSimpleName() + ": interrupted", e);
        }
    }

    /**
     * The measuring process.
     *
     * @param arguments {@code sampling} or {@code training}, and after how many steps memory is read first and last
     */
    public static void main(String[] arguments) {
        long from = Long.parseLong(arguments[1]);
        long to = Long.parseLong(arguments[2]);
        Torch.threads(1);
        try (Fixture fixture = new Fixture(Fixture.Case.SMALL)) {
            if (arguments[0].equals("sampling")) {
                print(from, to, new Sampling(fixture));
            } else {
                DataSet data = fixture.data(200);
                Path folder = TrainingBenchmark.temporary();
                try {
                    print(
                            from,
                            to,
                            until -> TrainingBenchmark.run(fixture.network, data, until, folder));
                } finally {
                    TrainingBenchmark.delete(folder);
                }
            }
        }
    }

    /** Samples batch by batch until so many steps are done. */
    private static final class Sampling implements LongConsumer {
        private static final int STEPS = 50;
        private final Fixture fixture;
        private long done;

        Sampling(Fixture fixture) {
            this.fixture = fixture;
        }

        @Override
        public void accept(long until) {
            for (; done < until; done += STEPS) {
                Ddim.steps(STEPS).sample(fixture.denoiser, Seeds.range(done, done + Fixture.BATCH));
            }
        }
    }

    private static void print(long from, long to, LongConsumer work) {
        work.accept(from);
        double before = resident();
        work.accept(to);
        System.out.println(before + " " + resident());
    }

    private static double resident() {
        System.gc();
        try {
            String pages = Files.readString(Path.of("/proc/self/statm")).split(" ")[1];
            return Long.parseLong(pages) * 4096 / 1048576.0;
        } catch (IOException e) {
            throw new UncheckedIOException("resident memory is read from Linux's /proc", e);
        }
    }
}
