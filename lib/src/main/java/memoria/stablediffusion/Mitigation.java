package memoria.stablediffusion;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import memoria.data.Images;
import memoria.diffusion.Seeds;
import memoria.progress.Progress;
import memoria.similarity.Descriptor;
import memoria.similarity.Embeddings;

/**
 * Mitigation by wording prompts anew (LID paper, Sec. 4.2, Fig. 7a): for each way of choosing tokens, each number of tokens k and several
 * repetitions, every prompt is perturbed and a picture is made of it.
 *
 * <pre>{@code
 * var trials = Mitigation.of(captions, paraphraser).choosing("A^CFG", cfg).uniform("uniform").tokens(1, 2, 3, 4, 6, 8);
 * var outcome = trials.run((texts, seeds) -> model.generate(sampler, seeds, 4, texts).images(), similarity, alignment);
 * outcome.difference("A^CFG", "uniform");
 * }</pre>
 *
 * <p>Repetition r of a prompt has the same draws and the same image seed for every way and k, so that ways are compared in pairs, and a
 * prompt that comes out the same twice is drawn once.
 */
public final class Mitigation {

    /** Scores the pictures of prompts: similarity to a training picture, or alignment. */
    @FunctionalInterface
    public interface Score {

        /**
         * One number per picture.
         *
         * @param images the pictures
         * @param prompts of each the number of its prompt, perturbed or not
         * @return as many numbers
         */
        double[] of(Images images, int[] prompts);

        /**
         * Similarity to the picture that a prompt belongs to, by a copy descriptor of length 1: the cosine.
         *
         * @param descriptor describes both
         * @param pictures one per prompt
         * @return the score
         */
        static Score similarity(Descriptor descriptor, Images pictures) {
            Embeddings own = descriptor.of(pictures);
            return (images, prompts) -> {
                Embeddings made = descriptor.of(images);
                return IntStream.range(0, prompts.length)
                        .mapToDouble(i -> made.product(i, own, prompts[i]))
                        .toArray();
            };
        }
    }

    /** How a prompt is perturbed: prompt, k, repetition. */
    private interface Way {
        String perturbed(int prompt, int k, int repetition);
    }

    /** A picture to be made. */
    private record Wanted(int prompt, String text, int repetition) {}

    private final List<String> prompts;
    private final Paraphraser paraphraser;
    private final IntFunction<Integer> lengths;
    private final Map<String, Way> ways = new LinkedHashMap<>();
    private int[] tokens = {1, 2, 3, 4, 6, 8};
    private int repetitions = 5;
    private long seed;

    private Mitigation(
            List<String> prompts, Paraphraser paraphraser, IntFunction<Integer> lengths) {
        this.prompts = prompts;
        this.paraphraser = paraphraser;
        this.lengths = lengths;
    }

    /**
     * No way yet.
     *
     * @param tokenizer of the prompts
     * @param prompts that are mitigated, at least two
     * @param paraphraser changes the tokens that are chosen
     * @return k = 1, 2, 3, 4, 6, 8 with 5 repetitions, as in the paper
     * @throws IllegalArgumentException if there are fewer than two prompts
     */
    public static Mitigation of(
            Tokenizer tokenizer, List<String> prompts, Paraphraser paraphraser) {
        if (prompts.size() < 2) {
            throw new IllegalArgumentException(
                    "prompts: "
                            + prompts.size()
                            + "; at least two, intervals are taken over prompts");
        }
        List<String> all = List.copyOf(prompts);
        return new Mitigation(all, paraphraser, p -> tokenizer.encode(all.get(p)).length);
    }

    /**
     * A way that draws tokens by attribution.
     *
     * @param name of the way
     * @param attributions one per prompt
     * @return this
     * @throws IllegalArgumentException if their number differs or the name is taken
     */
    public Mitigation choosing(String name, List<Attribution> attributions) {
        if (attributions.size() != prompts.size()) {
            throw new IllegalArgumentException(
                    "attributions: " + attributions.size() + " for " + prompts.size() + " prompts");
        }
        List<double[]> shares = attributions.stream().map(Attribution::shares).toList();
        return way(
                name,
                (p, k, r) ->
                        paraphraser.rephrase(
                                prompts.get(p),
                                TokenChoice.byWeight(shares.get(p), k, seed + r, p),
                                seed + r));
    }

    /**
     * The way that draws tokens evenly.
     *
     * @param name of the way
     * @return this
     * @throws IllegalArgumentException if the name is taken
     */
    public Mitigation uniform(String name) {
        return way(
                name, (p, k, r) -> paraphraser.rephrase(prompts.get(p), evenly(p, k, r), seed + r));
    }

    /**
     * A way of its own paraphraser, which is handed tokens drawn evenly: {@link RandomTokens}.
     *
     * @param name of the way
     * @param other changes or adds as many tokens as were drawn
     * @return this
     * @throws IllegalArgumentException if the name is taken
     */
    public Mitigation instead(String name, Paraphraser other) {
        return way(name, (p, k, r) -> other.rephrase(prompts.get(p), evenly(p, k, r), seed + r));
    }

    private int[] evenly(int prompt, int k, int repetition) {
        return TokenChoice.uniform(lengths.apply(prompt), k, seed + repetition, prompt);
    }

    private Mitigation way(String name, Way way) {
        if (ways.putIfAbsent(name, way) != null) {
            throw new IllegalArgumentException("name: '" + name + "' is there already");
        }
        return this;
    }

    /**
     * How many tokens are changed.
     *
     * @param k ascending, each at least 1
     * @return this
     * @throws IllegalArgumentException if there is none, one is below 1 or they do not ascend
     */
    public Mitigation tokens(int... k) {
        for (int i = 0; i < k.length; i++) {
            if (k[i] < 1 || (i > 0 && k[i] <= k[i - 1])) {
                throw new IllegalArgumentException(
                        "k: " + Arrays.toString(k) + "; ascending numbers of at least 1");
            }
        }
        if (k.length == 0) {
            throw new IllegalArgumentException("k: no number; at least one is needed");
        }
        tokens = k.clone();
        return this;
    }

    /**
     * How often each prompt is perturbed for each way and k.
     *
     * @param count at least 1
     * @return this
     * @throws IllegalArgumentException if it is below 1
     */
    public Mitigation repetitions(int count) {
        if (count < 1) {
            throw new IllegalArgumentException("count: " + count + " repetitions; at least 1");
        }
        repetitions = count;
        return this;
    }

    /**
     * Where draws and image seeds begin.
     *
     * @param first any
     * @return this
     */
    public Mitigation seed(long first) {
        seed = first;
        return this;
    }

    /**
     * Perturbs, draws and scores.
     *
     * @param generate makes a picture per text and seed
     * @param similarity to the picture a prompt belongs to, larger is more alike
     * @param alignment with the prompt, larger is better
     * @return the scores, those of the unperturbed prompts among them as k = 0
     * @throws IllegalStateException if there is no way
     * @throws memoria.progress.Interrupted if the thread was interrupted
     */
    public MitigationOutcome run(
            BiFunction<String[], Seeds, Images> generate, Score similarity, Score alignment) {
        if (ways.isEmpty()) {
            throw new IllegalStateException("run: no way of choosing tokens was given");
        }
        int[] ks = new int[tokens.length + 1];
        System.arraycopy(tokens, 0, ks, 1, tokens.length);
        Map<Wanted, Integer> places = new LinkedHashMap<>();
        Map<String, int[][][]> of = new LinkedHashMap<>();
        long total = (long) ways.size() * ks.length;
        try (Progress progress = Progress.start("wording prompts anew", total)) {
            ways.forEach(
                    (name, way) -> {
                        int[][][] rows = new int[ks.length][prompts.size()][repetitions];
                        for (int i = 0; i < ks.length; i++) {
                            fill(rows[i], way, ks[i], places);
                            progress.at((long) of.size() * ks.length + i + 1);
                        }
                        of.put(name, rows);
                    });
        }
        List<Wanted> wanted = List.copyOf(places.keySet());
        String[] texts = wanted.stream().map(Wanted::text).toArray(String[]::new);
        long[] seeds = wanted.stream().mapToLong(this::imageSeed).toArray();
        int[] owners = wanted.stream().mapToInt(Wanted::prompt).toArray();
        Images images = generate.apply(texts, Seeds.of(seeds));
        if (images.count() != texts.length) {
            Progress.checkpoint();
            throw new IllegalStateException(
                    "generate: " + images.count() + " pictures for " + texts.length + " prompts");
        }
        return new MitigationOutcome(
                ks,
                of,
                similarity.of(images, owners),
                alignment.of(images, owners),
                wanted(wanted),
                images);
    }

    private static List<String> wanted(List<Wanted> wanted) {
        return wanted.stream().map(Wanted::text).toList();
    }

    private long imageSeed(Wanted w) {
        return seed + (long) w.prompt * repetitions + w.repetition;
    }

    private void fill(int[][] rows, Way way, int k, Map<Wanted, Integer> places) {
        for (int p = 0; p < rows.length; p++) {
            for (int r = 0; r < repetitions; r++) {
                Progress.checkpoint();
                String text = k == 0 ? prompts.get(p) : way.perturbed(p, k, r);
                Wanted one = new Wanted(p, text, r);
                rows[p][r] = places.computeIfAbsent(one, w -> places.size());
            }
        }
    }
}
