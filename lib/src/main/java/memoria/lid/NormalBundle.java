package memoria.lid;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.util.Arrays;
import java.util.Map;
import memoria.diffusion.Condition;
import memoria.diffusion.Denoiser;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.NoiseSource;
import memoria.diffusion.Seeds;
import memoria.progress.Progress;
import memoria.torch.Ops;
import memoria.torch.Scalars;
import memoria.torch.Scope;

/**
 * The normal bundle estimator (Stanczuk et al., 2024; LID paper, Eqs. 7 and 8): near the manifold the score points at it, so the scores at k
 * noisy copies of x span what is normal to it,
 *
 * <pre>{@code
 * S(x, t0) = [ s(psi x + sigma n_1, t0) | ... | s(psi x + sigma n_k, t0) ],   NB(x, t0) = d - rank S
 * }</pre>
 *
 * <p>The rank is read from the singular values, {@link Spectra}, that of all k scores (not divided by {@code sqrt(k)}), k = 4d by default.
 * Scores are not stored: block by block they enter the d x d matrix {@code S S^T} in double precision, whose eigenvalues are the squared
 * singular values; squaring loses what lies below 1.5e-8 of the largest, which is below the rounding of single-precision scores.
 *
 * <p>Copy j of every image gets noise from the stream {@code lid/normal-bundle}, seed j, step {@link #seed}: the same for all images.
 */
public final class NormalBundle implements Estimator<Spectra> {

    /** The noise stream of the copies. */
    public static final String NOISE = "lid/normal-bundle";

    private record Settings(int k, boolean centred, long seed, int batch, NoiseSource noise) {}

    private final NoiseLevel level;
    private final Settings settings;

    private NormalBundle(NoiseLevel level, Settings settings) {
        this.level = level;
        this.settings = settings;
    }

    /**
     * The estimator at a noise level.
     *
     * @param t0 the LID paper uses {@code NoiseLevel.vp(0.1)}
     * @return the estimator
     */
    public static NormalBundle at(NoiseLevel t0) {
        return new NormalBundle(t0, new Settings(0, false, 0, 64, Estimators.DRAWN));
    }

    /**
     * Another number of scores.
     *
     * @param k at least 1; fewer than about 4d leave the smallest singular values uncertain
     * @return a changed copy
     * @throws IllegalArgumentException if k is below 1
     */
    public NormalBundle scores(int k) {
        if (k < 1) {
            throw new IllegalArgumentException("k: " + k + " scores; at least 1 is needed");
        }
        Settings s = settings;
        return new NormalBundle(level, new Settings(k, s.centred, s.seed, s.batch, s.noise));
    }

    /**
     * Subtracts the mean score, as the authors' first code does: what all copies have in common says where x lies, not how the manifold does.
     *
     * @return a changed copy
     */
    public NormalBundle centred() {
        Settings s = settings;
        return new NormalBundle(level, new Settings(s.k, true, s.seed, s.batch, s.noise));
    }

    /**
     * Seed of the noise.
     *
     * @param seed any
     * @return a changed copy
     */
    public NormalBundle seed(long seed) {
        Settings s = settings;
        return new NormalBundle(level, new Settings(s.k, s.centred, seed, s.batch, s.noise));
    }

    /**
     * Noisy copies asked about at once.
     *
     * @param size at least 1; 64 by default
     * @return a changed copy
     * @throws IllegalArgumentException if size is below 1
     */
    public NormalBundle batch(int size) {
        if (size < 1) {
            throw new IllegalArgumentException("size: " + size + "; a batch has at least 1 copy");
        }
        Settings s = settings;
        return new NormalBundle(level, new Settings(s.k, s.centred, s.seed, size, s.noise));
    }

    /**
     * Noise from elsewhere: to repeat the numbers of another program.
     *
     * @param source asked for stream {@link #NOISE} with the copies' numbers as seeds
     * @return a changed copy
     */
    public NormalBundle noise(NoiseSource source) {
        Settings s = settings;
        return new NormalBundle(level, new Settings(s.k, s.centred, s.seed, s.batch, source));
    }

    @Override
    public String name() {
        return "normal bundle";
    }

    @Override
    public JsonObject spec() {
        Estimators.requireDescribed(settings.noise);
        JsonObject spec = new JsonObject();
        spec.addProperty("kind", name());
        spec.add("t0", level.spec());
        spec.addProperty("k", settings.k);
        spec.addProperty("centred", settings.centred);
        spec.addProperty("seed", settings.seed);
        return spec;
    }

    @Override
    public int batch() {
        return 1;
    }

    @Override
    public Map<String, double[][]> measure(Denoiser model, NDArray x, Condition condition) {
        double t = level.time(model.schedule());
        double[][] values = new double[Math.toIntExact(x.getShape().get(0))][];
        for (int i = 0; i < values.length; i++) {
            NDArray image = Ops.narrow(x, 0, i, 1);
            Condition its = condition.rows() == 0 ? condition : condition.select(i);
            values[i] = Scope.use(() -> spectrum(model, image, t, its));
        }
        return Map.of("singular", values);
    }

    @Override
    public Spectra result(Map<String, double[][]> measured, int d) {
        return new Spectra(measured.get("singular"), d, Spectra.Large.NORMAL);
    }

    private double[] spectrum(Denoiser model, NDArray image, double t, Condition condition) {
        int d = Math.toIntExact(image.size());
        int k = settings.k == 0 ? Math.multiplyExact(4, d) : settings.k;
        double sigma = model.schedule().noiseStd(t);
        NDManager manager = image.getManager();
        NDArray gram = manager.zeros(new Shape(d, d), DataType.FLOAT64);
        NDArray sum = manager.zeros(new Shape(1, d), DataType.FLOAT64);
        for (int from = 0; from < k; from += settings.batch) {
            Progress.checkpoint();
            Seeds copies = Seeds.range(from, Math.min(k, from + settings.batch));
            Scope.run(
                    () -> {
                        NDArray epsilon = epsilon(model, image, t, copies, condition);
                        Ops.addGram(gram, epsilon);
                        if (settings.centred) {
                            NDArray wide = Ops.cast(epsilon, DataType.FLOAT64);
                            sum.addi(wide.reshape(copies.count(), d).sum(new int[] {0}, true));
                        }
                    });
        }
        if (settings.centred) {
            NDArray mean = Scalars.div(sum, k);
            gram.subi(Scalars.mul(mean.transpose().matMul(mean), k));
        }
        Estimators.rows("score", gram.reshape(1, -1).sum(new int[] {1}, true), t);
        double[] squares = Ops.eigvalsh(gram).toDoubleArray();
        double[] singular = new double[Math.min(d, k)];
        Arrays.setAll(singular, i -> Math.sqrt(Math.max(0, squares[d - 1 - i])) / sigma);
        return singular;
    }

    /** The noise predicted in some noisy copies of one image: minus sigma times their scores. */
    private NDArray epsilon(
            Denoiser model, NDArray image, double t, Seeds copies, Condition condition) {
        NoiseSchedule schedule = model.schedule();
        int b = copies.count();
        NDArray noise =
                settings.noise.tensor(
                        image.getManager(), NOISE, copies, settings.seed, model.item());
        double psi = Math.sqrt(schedule.alphaBar(t));
        NDArray xt = Ops.axpby(schedule.noiseStd(t), noise, psi, image);
        double[] times = new double[b];
        Arrays.fill(times, t);
        return model.predict(xt, times, condition.fit(b)).epsilon();
    }
}
