package memoria.side;

import com.google.gson.JsonObject;
import memoria.artifact.Labels;
import memoria.diffusion.Bend;
import memoria.diffusion.Condition;
import memoria.diffusion.Guidance;
import memoria.diffusion.Step;
import memoria.torch.Scalars;

/**
 * The attack's step (SIDE, Eqs. 1 to 3): the target's score, bent by a surrogate condition of strength lambda,
 *
 * <pre>{@code score of p(x_t | y) = score of p(x_t) + lambda grad_{x_t} log p_t(y | x_t)}</pre>
 *
 * lambda calibrates the classifier as a power prior, {@code p(y | x_t)^lambda}, up to a constant (Eq. 2); 0 leaves the target alone, which
 * is the baseline Random. The paper's range is 5 to 9, its sweep 0 to 50.
 *
 * <pre>{@code Ddim.steps(50).guidedBy(ClassifierGuidance.by(surrogate, Labels.seedModulo(10), 5)).sample(target, seeds);}</pre>
 */
public final class ClassifierGuidance implements Guidance {

    private final Surrogate surrogate;
    private final Labels labels;
    private final double lambda;

    private ClassifierGuidance(Surrogate surrogate, Labels labels, double lambda) {
        this.surrogate = surrogate;
        this.labels = labels;
        this.lambda = lambda;
    }

    /**
     * Guidance towards labels.
     *
     * @param surrogate the classifier
     * @param labels which label each seed's image is driven to
     * @param lambda strength, 0 or above
     * @return the guidance
     * @throws IllegalArgumentException if lambda is negative or no number
     */
    public static ClassifierGuidance by(Surrogate surrogate, Labels labels, double lambda) {
        if (!(lambda >= 0 && Double.isFinite(lambda))) {
            throw new IllegalArgumentException("lambda: " + lambda + "; 0 or above is legal");
        }
        return new ClassifierGuidance(surrogate, labels, lambda);
    }

    @Override
    public Bend bend(Step step) {
        if (lambda == 0) {
            return Bend.none();
        }
        if (!(labels.of(step.seeds()) instanceof Condition.Classes y)) {
            throw new IllegalStateException("labels: none; guidance needs one per seed");
        }
        var gradient = surrogate.gradient(step.xt(), step.t(), y.labels());
        return Bend.score(Scalars.mul(gradient, lambda));
    }

    @Override
    public JsonObject spec() {
        JsonObject spec = new JsonObject();
        spec.addProperty("kind", "classifier-guidance");
        spec.add("classifier", surrogate.id().spec());
        spec.add("labels", labels.spec());
        spec.addProperty("lambda", lambda);
        return spec;
    }
}
