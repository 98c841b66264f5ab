package memoria.lid;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import memoria.data.Images;
import memoria.diffusion.Condition;
import memoria.diffusion.Denoiser;
import memoria.diffusion.Noise;
import memoria.diffusion.NoiseSource;
import memoria.progress.Progress;
import memoria.torch.Autograd;
import memoria.torch.Scope;

/** The loop over batches that all estimators share. */
final class Estimators {

    /** The library's own numbers. */
    static final NoiseSource DRAWN = Noise::tensor;

    private Estimators() {}

    static Map<String, double[][]> measure(
            Estimator<?> estimator, Denoiser model, Images images, Condition condition) {
        requireImages(model, images);
        int n = images.count();
        Condition each = condition.fit(n);
        Map<String, List<double[]>> rows = new LinkedHashMap<>();
        try (Progress progress = Progress.start(estimator.name(), n)) {
            for (int from = 0; from < n; from += estimator.batch()) {
                Progress.checkpoint();
                int to = Math.min(n, from + estimator.batch());
                one(estimator, model, images.slice(from, to), slice(each, from, to))
                        .forEach(
                                (k, v) ->
                                        rows.computeIfAbsent(k, x -> new ArrayList<>())
                                                .addAll(List.of(v)));
                progress.at(to);
            }
        }
        Map<String, double[][]> all = new LinkedHashMap<>();
        rows.forEach((name, list) -> all.put(name, list.toArray(double[][]::new)));
        return all;
    }

    private static Condition slice(Condition condition, int from, int to) {
        return condition.rows() == 0 ? condition : condition.slice(from, to);
    }

    private static Map<String, double[][]> one(
            Estimator<?> estimator, Denoiser model, Images images, Condition condition) {
        return Autograd.off(
                () ->
                        Scope.use(
                                () ->
                                        estimator.measure(
                                                model, images.tensor(model.manager()), condition)));
    }

    static void requireImages(Denoiser model, Images images) {
        if (images.count() == 0) {
            throw new IllegalArgumentException("images: none; at least one is needed");
        }
        if (!images.item().equals(model.item())) {
            throw new IllegalArgumentException(
                    "images: of shape " + images.item() + "; the model takes " + model.item());
        }
        images.requireFinite("images");
    }

    /** Noise of the library has a description, noise from elsewhere has none. */
    static void requireDescribed(NoiseSource noise) {
        if (noise != DRAWN) {
            throw new IllegalStateException(
                    "noise: numbers from elsewhere have no spec; leave noise(...) out to keep the result in a store");
        }
    }

    /** The values of a float64 tensor (B, m) as rows; refuses what is not a number. */
    static double[][] rows(String what, NDArray tensor, double t) {
        int b = Math.toIntExact(tensor.getShape().get(0));
        double[] flat = tensor.toDoubleArray();
        int m = flat.length / b;
        double[][] rows = new double[b][m];
        for (int i = 0; i < flat.length; i++) {
            if (!Double.isFinite(flat[i])) {
                throw new IllegalStateException(
                        "model: its "
                                + what
                                + " at t = "
                                + t
                                + " is "
                                + flat[i]
                                + " for image "
                                + i / m
                                + " of the batch; scores must be finite numbers");
            }
            rows[i / m][i % m] = flat[i];
        }
        return rows;
    }
}
