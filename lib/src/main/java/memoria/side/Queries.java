package memoria.side;

import java.util.List;
import memoria.artifact.ModelId;
import memoria.artifact.Store;
import memoria.artifact.Work;
import memoria.data.Images;
import memoria.diffusion.Ddim;
import memoria.diffusion.Seeds;
import memoria.stablediffusion.TextSampleJob;

/**
 * The attacker's queries to a fine-tuned model (SIDE, Appendix G.2, Eq. 34): every prompt is asked N times, each time from other noise. The
 * images are an artifact, made in shards and kept in 8 bits; what is judged is what is kept.
 *
 * <pre>{@code
 * Repeated seen = Queries.of(tuned, strings).samples(8).in(Models.store());
 * double[] variance = seen.variance();
 * }</pre>
 */
public final class Queries {

    private final Victim.Tuned tuned;
    private final List<String> prompts;
    private final int samples;
    private final int steps;
    private final double guidance;
    private final long firstSeed;

    private Queries(
            Victim.Tuned tuned,
            List<String> prompts,
            int samples,
            int steps,
            double guidance,
            long firstSeed) {
        this.tuned = tuned;
        this.prompts = prompts;
        this.samples = samples;
        this.steps = steps;
        this.guidance = guidance;
        this.firstSeed = firstSeed;
    }

    /**
     * Eight images per prompt by 25 steps of DDIM without guidance.
     *
     * @param tuned the fine-tuned model; it stays the caller's
     * @param prompts at least one; equal ones are asked with other seeds
     * @return the queries; nothing is generated before {@link #in}
     * @throws IllegalArgumentException if there is no prompt, or one is too long for the model's tokenizer
     */
    public static Queries of(Victim.Tuned tuned, List<String> prompts) {
        if (prompts.isEmpty()) {
            throw new IllegalArgumentException("prompts: none; at least one is needed");
        }
        prompts.forEach(tuned.model().prompts().tokenizer()::requireFits);
        return new Queries(tuned, List.copyOf(prompts), 8, 25, 1, 0);
    }

    /**
     * More or fewer images per prompt.
     *
     * @param count N, at least 2
     * @return a changed copy
     * @throws IllegalArgumentException if it is below 2
     */
    public Queries samples(int count) {
        if (count < 2) {
            throw new IllegalArgumentException(
                    "samples: " + count + "; a variance needs at least 2");
        }
        return new Queries(tuned, prompts, count, steps, guidance, firstSeed);
    }

    /**
     * More or fewer steps.
     *
     * @param count of DDIM, at least 1
     * @return a changed copy
     * @throws IllegalArgumentException if it is below 1
     */
    public Queries steps(int count) {
        Ddim.steps(count);
        return new Queries(tuned, prompts, samples, count, guidance, firstSeed);
    }

    /**
     * Another guidance.
     *
     * @param scale of the classifier-free guidance, 1 for none
     * @return a changed copy
     * @throws IllegalArgumentException if it is not finite
     */
    public Queries guidance(double scale) {
        if (!Double.isFinite(scale)) {
            throw new IllegalArgumentException("scale: " + scale + "; a finite one is needed");
        }
        return new Queries(tuned, prompts, samples, steps, scale, firstSeed);
    }

    /**
     * Other noise.
     *
     * @param seed of the first image; the others follow, and each asks prompt {@code seed mod prompts}
     * @return a changed copy
     */
    public Queries firstSeed(long seed) {
        return new Queries(tuned, prompts, samples, steps, guidance, seed);
    }

    /**
     * The queries as work.
     *
     * @return sampling that a {@link Store} keeps and resumes
     */
    public Work work() {
        return job();
    }

    private TextSampleJob job() {
        long to = firstSeed + (long) prompts.size() * samples;
        return TextSampleJob.of(
                new ModelId("victim", tuned.spec().key()),
                tuned.model(),
                Ddim.steps(steps).clip(false),
                Seeds.range(firstSeed, to),
                guidance,
                prompts);
    }

    /**
     * The images, generated as far as they are missing.
     *
     * @param store where finished shards are kept
     * @return N images per prompt
     * @throws memoria.progress.Interrupted if the thread is interrupted; finished shards are kept
     * @throws java.io.UncheckedIOException if the store cannot be read or written
     */
    public Repeated in(Store store) {
        Images byTurns = job().in(store);
        int count = prompts.size();
        int[] rows = new int[byTurns.count()];
        for (int row = 0; row < rows.length; row++) {
            int prompt = (int) Math.floorMod(firstSeed + row, (long) count);
            rows[prompt * samples + row / count] = row;
        }
        return new Repeated(byTurns.select(rows), samples);
    }
}
