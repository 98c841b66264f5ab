package memoria.amg;

import ai.djl.ndarray.NDArray;
import com.google.gson.JsonObject;
import java.util.stream.IntStream;
import memoria.diffusion.Prediction;
import memoria.diffusion.Step;

/**
 * Caption deduplication guidance, AMG's answer to captions that come with many images: a prediction alike to a training image whose
 * caption is duplicated is steered away from that caption,
 *
 * <pre>G_dup = -s2 (epsilon(x_t, e_N) - epsilon(x_t)),   s2 = max(min(c2 sigma_t, s0 - s1 - 1), 0)</pre>
 *
 * with the caption e_N of the nearest training image, and s0, s1 and sigma_t as in {@link Despecification}.
 *
 * @param c2 strength
 * @param captions of the training images
 */
record Deduplication(double c2, NeighbourCaptions captions) {

    double scale(double sigma, double s0, double s1) {
        return Math.max(Math.min(c2 * sigma, s0 - s1 - 1), 0);
    }

    boolean applies(int nearest, NeighbourCaptions.Neighbours found) {
        return captions.duplicated(nearest, found);
    }

    /**
     * For the whole batch that these rows belong to; null if no s2 is above 0. Costs a forward of the rows where it is.
     */
    NDArray delta(Step step, int[] nearest, double[] s2) {
        int[] rows = IntStream.range(0, s2.length).filter(i -> s2[i] > 0).toArray();
        if (rows.length == 0) {
            return null;
        }
        Step some = step.rows(rows);
        int[] places = IntStream.of(rows).map(i -> nearest[i]).toArray();
        double[] scales = IntStream.of(rows).mapToDouble(i -> s2[i]).toArray();
        NDArray unconditional = Despecification.branches(some).unconditional();
        Prediction under = some.predict(captions.of(places));
        NDArray conditional = under.branches().conditional();
        return some.spread(Despecification.away(scales, conditional, unconditional));
    }

    JsonObject spec() {
        JsonObject spec = new JsonObject();
        spec.addProperty("c2", c2);
        spec.addProperty("captions", captions.name());
        return spec;
    }
}
