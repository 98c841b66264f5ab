package memoria.training;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import memoria.data.DataSet;
import memoria.data.Situation;
import memoria.data.VonMisesMixture;
import memoria.diffusion.NoiseSchedule;
import memoria.network.MlpConfig;

/**
 * The trainings behind the shipped models of points, small MLPs: the circle of the LID paper's Figure 4, by five seeds, and the six
 * situations of its Figure 1. {@code Models.denoiser("points/circle-0")} opens one.
 *
 * <p>Their noise is spread evenly in its logarithm, sigma / psi from 0.02 to 20 in 200 steps: a linear schedule shows a model of points the
 * small noise, at which dimensions are read, so rarely that it learns it last.
 */
public final class PointModels {

    /** How many seeds the circle was trained with. */
    public static final int CIRCLES = 5;

    private static final double KAPPA = 1.5;
    private static final double CENTRE = 0.2;
    private static final int POINTS = 100;
    private static final long CIRCLE_SEED = 26;
    private static final int STEPS = 200;
    private static final double LEAST = 0.02;
    private static final double MOST = 20;

    private PointModels() {}

    /**
     * What the circle's models were trained on: 100 points of a von Mises mixture, a fifth of them at the centre. The draw is the first that
     * leaves a point of the circle alone by 0.95 radians on either side.
     *
     * @return the points, the centre's with its multiplicity
     */
    public static DataSet circle() {
        return new VonMisesMixture(KAPPA, 0, CENTRE).sample(POINTS, CIRCLE_SEED);
    }

    /**
     * The noise of these models.
     *
     * @return 200 steps, {@code sigma / psi} from 0.02 to 20, each the same factor above the last
     */
    public static NoiseSchedule schedule() {
        double[] betas = new double[STEPS];
        double before = 1;
        for (int i = 0; i < STEPS; i++) {
            double ratio = LEAST * Math.pow(MOST / LEAST, i / (STEPS - 1.0));
            double alphaBar = 1 / (1 + ratio * ratio);
            betas[i] = 1 - alphaBar / before;
            before = alphaBar;
        }
        return NoiseSchedule.of(betas);
    }

    /**
     * The training of the circle's model.
     *
     * @param seed of the training: weights, order, times, noise
     * @return the training, not yet run
     */
    public static Training circle(long seed) {
        return training(circle(), 8000, seed).optName("circle-" + seed);
    }

    /**
     * The training of a situation's model. That of F stops after a hundredth of the steps; that of A takes four times as many, for it is to
     * overfit points it sees once in 93.
     *
     * @param situation which
     * @return the training, not yet run
     */
    public static Training situation(Situation situation) {
        int steps =
                switch (situation) {
                    case F -> 100;
                    case A -> 40_000;
                    default -> 10_000;
                };
        return training(situation.sample(0), steps, 0).optName("situation-" + situation);
    }

    private static Training training(DataSet data, int steps, long seed) {
        Recipe recipe =
                Recipe.steps(steps)
                        .optBatch(128)
                        .optLearningRate(2e-3, 100)
                        .optEma(0.999)
                        .optSeed(seed);
        MlpConfig network =
                MlpConfig.of(Math.toIntExact(data.distinct().item().size()), 64, 64, 64);
        return new Training(data, network, schedule(), recipe);
    }

    /** Every training by the name of the file it makes. */
    static Map<String, Supplier<Trainer<?>>> all() {
        Map<String, Supplier<Trainer<?>>> all = new LinkedHashMap<>();
        for (int seed = 0; seed < CIRCLES; seed++) {
            long own = seed;
            all.put("points/circle-" + seed, () -> circle(own));
        }
        for (Situation situation : Situation.values()) {
            all.put("points/situation-" + situation, () -> situation(situation));
        }
        return all;
    }
}
