package memoria.training;

import com.google.gson.JsonObject;
import memoria.json.JsonRecord;

/**
 * Everything that decides a training's result beside data, architecture and schedule.
 *
 * @param steps number of updates
 * @param batch images per update
 * @param learningRate of AdamW
 * @param warmup updates over which the learning rate rises linearly from 0
 * @param weightDecay decoupled, 0 for Adam
 * @param clipNorm largest norm of the gradient, 0 for no limit
 * @param ema decay of the averaged weights; early on {@code (1 + k) / (10 + k)} where that is smaller
 * @param conditionDropout share of rows trained with the label "none"; above 0 the network's last class is that label
 * @param seed of initial weights, order of the images, times, noise and dropout
 */
public record Recipe(
        long steps,
        int batch,
        double learningRate,
        long warmup,
        double weightDecay,
        double clipNorm,
        double ema,
        double conditionDropout,
        long seed) {

    /**
     * Checks every argument.
     *
     * @param steps as in the record
     * @param batch as in the record
     * @param learningRate as in the record
     * @param warmup as in the record
     * @param weightDecay as in the record
     * @param clipNorm as in the record
     * @param ema as in the record
     * @param conditionDropout as in the record
     * @param seed as in the record
     * @throws IllegalArgumentException if one is not legal; it is named
     */
    public Recipe {
        require(steps >= 1, "steps", steps, "at least 1");
        require(batch >= 1, "batch", batch, "at least 1");
        require(
                learningRate > 0 && Double.isFinite(learningRate),
                "learningRate",
                learningRate,
                "above 0");
        require(warmup >= 0, "warmup", warmup, "0 or more");
        require(weightDecay >= 0, "weightDecay", weightDecay, "0 or more");
        require(clipNorm >= 0, "clipNorm", clipNorm, "0 or more");
        require(ema >= 0 && ema < 1, "ema", ema, "in [0, 1)");
        require(
                conditionDropout >= 0 && conditionDropout < 1,
                "conditionDropout",
                conditionDropout,
                "in [0, 1)");
    }

    private static void require(boolean legal, String name, Number value, String range) {
        if (!legal) {
            throw new IllegalArgumentException(name + ": " + value + " is not " + range);
        }
    }

    /**
     * improved-diffusion's settings: batches of 128, AdamW at 1e-4 without decay, averages at 0.9999, no clipping.
     *
     * @param steps number of updates
     * @return the recipe
     */
    public static Recipe steps(long steps) {
        return new Recipe(steps, 128, 1e-4, 0, 0, 0, 0.9999, 0, 0);
    }

    /**
     * Images per update.
     *
     * @param size at least 1
     * @return a changed copy
     */
    public Recipe optBatch(int size) {
        return changed("batch", size);
    }

    /**
     * Learning rate.
     *
     * @param rate above 0
     * @param warmupSteps updates over which it rises from 0
     * @return a changed copy
     */
    public Recipe optLearningRate(double rate, long warmupSteps) {
        return changed("learningRate", rate).changed("warmup", warmupSteps);
    }

    /**
     * Weight decay.
     *
     * @param decay 0 or more
     * @return a changed copy
     */
    public Recipe optWeightDecay(double decay) {
        return changed("weightDecay", decay);
    }

    /**
     * Largest gradient norm.
     *
     * @param norm 0 for no limit
     * @return a changed copy
     */
    public Recipe optClipNorm(double norm) {
        return changed("clipNorm", norm);
    }

    /**
     * Decay of the averaged weights.
     *
     * @param decay 0 (no averaging) to below 1
     * @return a changed copy
     */
    public Recipe optEma(double decay) {
        return changed("ema", decay);
    }

    /**
     * Share of rows trained without their label, for classifier-free guidance.
     *
     * @param share 0 to below 1
     * @return a changed copy
     */
    public Recipe optConditionDropout(double share) {
        return changed("conditionDropout", share);
    }

    /**
     * Seed of everything random.
     *
     * @param value any
     * @return a changed copy
     */
    public Recipe optSeed(long value) {
        return changed("seed", value);
    }

    private Recipe changed(String field, Number value) {
        return JsonRecord.with(this, field, value);
    }

    /**
     * The recipe as JSON, field by field.
     *
     * @return a new object
     */
    public JsonObject toJson() {
        return JsonRecord.write(this);
    }
}
