package memoria.benchmarks;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Times several ways of doing the same in turn, round by round, so that a busy machine slows all of them alike: quotients mean something
 * where seconds do not.
 */
final class Contest {

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
    private static boolean cpuTime;

    private final Map<String, LongSupplier> contenders = new LinkedHashMap<>();

    /** What is compared: the quotient of the fastest rounds, and the median of the quotients round by round. */
    record Ratio(double ofMinima, double median) {}

    /** Nanoseconds of every round, by contender. */
    record Times(Map<String, long[]> rounds) {

        double milliseconds(String name) {
            return min(name) / 1e6;
        }

        private long min(String name) {
            return Arrays.stream(rounds.get(name)).min().orElseThrow();
        }

        Ratio ratio(String name, String to) {
            long[] a = rounds.get(name);
            long[] b = rounds.get(to);
            double[] each = new double[a.length];
            for (int i = 0; i < each.length; i++) {
                each[i] = (double) a[i] / b[i];
            }
            Arrays.sort(each);
            int half = each.length / 2;
            double median = each.length % 2 == 1 ? each[half] : (each[half - 1] + each[half]) / 2;
            return new Ratio((double) min(name) / min(to), median);
        }
    }

    /** Whether {@link #now} counts the calling thread's CPU time, which other processes disturb less. It sees no other thread's. */
    static void countCpuTime(boolean on) {
        cpuTime = on;
    }

    /** The clock, in nanoseconds. */
    static long now() {
        return cpuTime ? THREADS.getCurrentThreadCpuTime() : System.nanoTime();
    }

    /** Adds work that is timed from outside. */
    Contest with(String name, Runnable work) {
        return timed(
                name,
                () -> {
                    long start = now();
                    work.run();
                    return now() - start;
                });
    }

    /** Adds work that knows how many nanoseconds it took. */
    Contest timed(String name, LongSupplier work) {
        contenders.put(name, work);
        return this;
    }

    /** Runs all contenders in every round, first untimed, each round beginning with another one. */
    Times run(int warmups, int rounds) {
        Map<String, long[]> times = new LinkedHashMap<>();
        List<String> names = List.copyOf(contenders.keySet());
        names.forEach(name -> times.put(name, new long[rounds]));
        for (int round = -warmups; round < rounds; round++) {
            for (int i = 0; i < names.size(); i++) {
                String name = names.get(Math.floorMod(i + round, names.size()));
                long nanos = contenders.get(name).getAsLong();
                if (round >= 0) {
                    times.get(name)[round] = nanos;
                }
            }
        }
        return new Times(times);
    }
}
