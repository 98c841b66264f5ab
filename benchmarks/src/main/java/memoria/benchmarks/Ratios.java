package memoria.benchmarks;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import memoria.torch.Torch;

/**
 * What the library costs beside the bare computation, as quotients of times taken in turn. Prints a table and exits with 1 when a target
 * is missed.
 *
 * <p>A target counts as missed when the quotient of the fastest rounds and the median of the rounds' quotients both exceed it: on a busy
 * machine one of them alone is noise.
 */
public final class Ratios {

    private static final List<String> SECTIONS =
            List.of("forward", "sampling", "training", "similarity", "guidance", "lid", "memory");
    private static final List<Fixture.Case> NETWORKS =
            List.of(Fixture.Case.SHIPPED, Fixture.Case.COLOUR);

    /** Resident memory that comes and goes with the allocator, in mebibytes: less than one batch's intermediates. */
    private static final double NOISE = 32;

    private final boolean quick;
    private final List<Integer> threads;
    private final Set<String> sections;
    private int missed;

    private Ratios(boolean quick, List<Integer> threads, Set<String> sections) {
        this.quick = quick;
        this.threads = threads;
        this.sections = sections;
    }

    /**
     * Measures.
     *
     * @param arguments {@code quick} for a trial run with few rounds and small sets that judges nothing, {@code cpu} to count the CPU time of one thread instead of
     *     time (for a machine that is busy with other things), then names of sections; all when none is named
     */
    public static void main(String[] arguments) {
        Set<String> sections = new TreeSet<>(Arrays.asList(arguments));
        boolean quick = sections.remove("quick");
        boolean cpu = sections.remove("cpu");
        if (!SECTIONS.containsAll(sections)) {
            System.err.println("arguments: [quick] [cpu] [" + String.join("|", SECTIONS) + "] ...");
            System.exit(2);
        }
        Contest.countCpuTime(cpu);
        Set<String> chosen = sections.isEmpty() ? Set.copyOf(SECTIONS) : sections;
        int missed = new Ratios(quick, cpu ? List.of(1) : List.of(1, 2), chosen).run();
        System.exit(missed == 0 ? 0 : 1);
    }

    private int run() {
        System.out.printf(
                Locale.ROOT,
                "%s, Java %s, %d processors, batches of %d%s%n%n",
                Torch.version(),
                Runtime.version().feature(),
                Runtime.getRuntime().availableProcessors(),
                Fixture.BATCH,
                quick ? ", trial run" : "");
        System.out.printf(
                "%-7s %-8s %-40s %10s %10s %9s %9s %8s%n",
                "threads", "images", "compared", "ms", "to ms", "minima", "median", "at most");
        for (int threads : this.threads) {
            for (Fixture.Case network : NETWORKS) {
                if (sections.contains("forward")) {
                    forward(network, threads);
                }
                if (sections.contains("sampling")) {
                    sampling(network, threads);
                }
                if (sections.contains("training")) {
                    training(network, threads);
                }
            }
            if (sections.contains("lid")) {
                lid(threads);
            }
            if (sections.contains("similarity")) {
                similarity(threads);
            }
            if (sections.contains("guidance")) {
                guidance(threads);
            }
        }
        if (sections.contains("lid")) {
            System.out.println();
            largeBundle();
        }
        if (sections.contains("memory")) {
            System.out.println();
            memory("sampling");
            memory("training");
        }
        System.out.printf("%n%s%n", verdict());
        return missed;
    }

    private String verdict() {
        if (quick) {
            return "A trial run judges nothing.";
        }
        return missed == 0 ? "All targets met." : missed + " missed.";
    }

    private void forward(Fixture.Case network, int threads) {
        ForwardBenchmark b = new ForwardBenchmark(network, threads);
        b.open();
        Contest.Times times =
                new Contest()
                        .with("forward", b::library)
                        .with("one TorchScript module", b::torchScript)
                        .with("the same, optimized", b::torchScriptOptimized)
                        // The optimizing executor compiles in its first calls.
                        .run(3, quick ? 2 : 15);
        b.close();
        row(threads, network.size(), times, "forward", "one TorchScript module", 1.1);
        row(threads, network.size(), times, "forward", "the same, optimized", 1.1);
    }

    private void sampling(Fixture.Case network, int threads) {
        int steps = quick ? 5 : 50;
        int rounds = quick ? 1 : 4;
        SamplingBenchmark b = new SamplingBenchmark(network, threads, steps);
        b.open();
        long[] whole = new long[rounds];
        long[] inside = new long[rounds];
        long[] forwards = new long[rounds];
        for (int round = -1; round < rounds; round++) {
            long start = Contest.now();
            b.sample();
            long sampled = Contest.now();
            b.forwards();
            if (round >= 0) {
                whole[round] = sampled - start;
                // A part of the same run: what disturbs one disturbs the other.
                inside[round] = b.insideNetwork();
                forwards[round] = Contest.now() - sampled;
            }
        }
        b.close();
        String name = "DDIM, " + steps + " steps";
        String part = "its time in the network";
        String bare = "forwards alone";
        Contest.Times times = new Contest.Times(Map.of(name, whole, part, inside, bare, forwards));
        row(threads, network.size(), times, name, part, 1.03);
        row(threads, network.size(), times, name, bare, Double.NaN);
    }

    private void training(Fixture.Case network, int threads) {
        TrainingBenchmark b = new TrainingBenchmark(network, threads);
        b.open();
        String bare = "forward + backward";
        Contest.Times times =
                new Contest()
                        .timed("training step", b::training)
                        .with(bare, b::forwardBackward)
                        .with("its Adam", b::adam)
                        .with("its average", b::average)
                        .with("its batch", b::batch)
                        .run(1, quick ? 1 : 9);
        b.close();
        for (String name : List.of("training step", "its Adam", "its average", "its batch")) {
            row(threads, network.size(), times, name, bare, Double.NaN);
        }
    }

    private void similarity(int threads) {
        int count = quick ? 2_000 : 50_000;
        SimilarityBenchmark b = new SimilarityBenchmark(threads, count);
        b.open();
        String name = "nL2 of 64 to " + count;
        Contest.Times times =
                new Contest()
                        .with(name, b::nl2)
                        .with("matrix product", b::product)
                        .run(2, quick ? 2 : 15);
        row(threads, "32x32x3", times, name, "matrix product", 2);
        String search = "10 of " + count + " descriptors";
        Contest.Times searches =
                new Contest()
                        .with(search, b::descriptors)
                        .with("matrix product", b::descriptorProduct)
                        .run(2, quick ? 2 : 15);
        row(threads, "512", searches, search, "matrix product", 2);
        b.close();
    }

    private void guidance(int threads) {
        int steps = quick ? 5 : 25;
        GuidanceBenchmark b = new GuidanceBenchmark(threads, steps);
        b.open();
        String plain = "DDIM, " + steps + " steps";
        Contest.Times times =
                new Contest()
                        .with(plain, b::unguided)
                        .with("compared at every step", b::watched)
                        .with("guided, epsilon constant", b::epsilonConstant)
                        .with("guided through the network", b::throughNetwork)
                        .with("guided by a classifier", b::classes)
                        .run(1, quick ? 1 : 7);
        b.close();
        row(threads, "16x16x1", times, "compared at every step", plain, Double.NaN);
        row(threads, "16x16x1", times, "guided, epsilon constant", plain, 1.15);
        row(threads, "16x16x1", times, "guided through the network", plain, 2.2);
        row(threads, "16x16x1", times, "guided by a classifier", plain, 1.6);
    }

    private void lid(int threads) {
        LidBenchmark b = new LidBenchmark(threads);
        b.open();
        int k = LidBenchmark.PROBES;
        String one = "FLIPD, 1 probe";
        String many = "FLIPD, " + k + " probes";
        Contest.Times times =
                new Contest()
                        .with("forward", b::forward)
                        .with(one, b::flipd)
                        .with(many, b::manyProbes)
                        .with("forward + product", () -> b.products(1))
                        .with("forward + " + k + " products", () -> b.products(k))
                        .with(k + " batches of 1 probe", b::separateBatches)
                        .run(3, quick ? 2 : 15);
        String size = Fixture.Case.SHIPPED.size();
        row(threads, size, times, one, "forward", 2);
        row(threads, size, times, one, "forward + product", Double.NaN);
        row(threads, size, times, many, "forward + " + k + " products", 1.05);
        row(threads, size, times, many, k + " batches of 1 probe", 0.75);
        Contest.Times bundle =
                new Contest()
                        .with("NB algebra, d = 256", b::normalBundleAlgebra)
                        .with("its forwards", b::normalBundleForwards)
                        .run(1, quick ? 1 : 5);
        b.close();
        row(threads, size, bundle, "NB algebra, d = 256", "its forwards", 0.05);
    }

    private void largeBundle() {
        String cores = Integer.toString(Math.min(2, Runtime.getRuntime().availableProcessors()));
        double[] told = Memory.printed(LidBenchmark.class, cores);
        boolean miss = !quick && (told[0] > 30 || told[1] > 1536);
        missed += miss ? 1 : 0;
        System.out.printf(
                Locale.ROOT,
                "NB, d = 3072, k = 12288, %s threads: %.1f s (at most 30), %.0f MB resident at most (1536)%s%n",
                cores,
                told[0],
                told[1],
                miss ? "  MISSED" : "");
    }

    private void memory(String work) {
        int from = 100;
        int to = quick ? 200 : 1000;
        Memory.Growth growth = Memory.of(work, from, to);
        boolean grown = !quick && growth.after() - growth.before() > NOISE;
        missed += grown ? 1 : 0;
        System.out.printf(
                Locale.ROOT,
                "%s: %.0f MB resident after %d steps, %.0f MB after %d (at most %.0f more)%s%n",
                work,
                growth.before(),
                from,
                growth.after(),
                to,
                NOISE,
                grown ? "  MISSED" : "");
    }

    private void row(
            int threads, String size, Contest.Times times, String name, String to, double most) {
        Contest.Ratio ratio = times.ratio(name, to);
        boolean miss = !quick && ratio.ofMinima() > most && ratio.median() > most;
        missed += miss ? 1 : 0;
        System.out.printf(
                Locale.ROOT,
                "%-7d %-8s %-40s %10.2f %10.2f %9.3f %9.3f %8s%n",
                threads,
                size,
                name + " / " + to,
                times.milliseconds(name),
                times.milliseconds(to),
                ratio.ofMinima(),
                ratio.median(),
                Double.isNaN(most) ? "" : most + (miss ? " MISSED" : ""));
    }
}
