package memoria.side;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import memoria.artifact.ModelId;
import memoria.data.Checksum;
import memoria.diffusion.NoiseSchedule;
import memoria.torch.Ops;
import memoria.torch.Tensors;

/**
 * The boundary condition of a distilled classifier, met by construction. What TDKD's objective (SIDE, Eq. 4) is least for is the teacher's
 * answer averaged over the clean images that a noisy one may have been,
 *
 * <pre>{@code p_t(y | x_t) = E[ p_teacher(y | x0) | x_t ],   and so   p_0 = p_teacher}</pre>
 *
 * for at t = 0, but for the least noise of the schedule, the clean image is known. A student meets this up to what it failed to learn.
 * Consistency models have a boundary condition too and leave nothing of it to learning (Song et al., "Consistency Models", 2023, Eq. 5):
 * {@code f(x, t) = c_skip(t) x + c_out(t) F(x, t)} with {@code c_skip = 1} and {@code c_out = 0} at the boundary. The same on
 * log-probabilities, with {@code w = width T}:
 *
 * <pre>{@code
 * log p(y | x, t) = c(t) log p_teacher(y | x) + (1 - c(t)) log p_student(y | x, t) - log Z(x, t)
 * c(t) = (1 + cos(pi t / w)) / 2   for 0 <= t < w,   1 below,   0 above
 * }</pre>
 *
 * At t = 0 that is the teacher, from w on the student, and in between a distribution again, for Z sums it to 1 over the classes. c has no
 * kink at either end.
 *
 * <p>Why logarithms: guidance follows {@code grad log p(y)}. Let z be scores before the softmax; the formula adds up
 * {@code z = c z_teacher + (1 - c) z_student}, so that
 *
 * <pre>{@code grad log p(y) = sum_k ([k = y] - p_k) (c grad z_teacher,k + (1 - c) grad z_student,k)}</pre>
 *
 * and the teacher's gradients weigh c whatever the label. In a mixture of probabilities the teacher's {@code grad log p(y)} would weigh
 * {@code c p_teacher(y) / p(y)}: next to nothing, even for c close to 1, where the teacher finds y unlikelier by far than the student does.
 * The gradient would all but jump from one network to the other behind t = 0, for just the labels that an image does not have yet.
 *
 * <p>The teacher is asked about rows with c &gt; 0 alone and the student about those with c &lt; 1: of 50 evenly spaced steps of a sampler
 * the last is the teacher's, and as many as lie between 0 and w cost both.
 *
 * <p>The width, 3% of the schedule, is the narrowest of 1, 2 and 3% at which both shipped students, on 2,000 test images on which
 * nothing is reported of them, are within a point of their teacher's accuracy at every t tried (lower ends of paired 95% intervals above -0.01).
 */
public final class Anchor {

    private static final double WIDTH = 0.03;

    private final double width;
    private final int steps;

    private Anchor(double width, int steps) {
        this.width = width;
        this.steps = steps;
    }

    /** Class scores before the softmax. */
    @FunctionalInterface
    interface Scores {
        /** (B, classes) of noisy images (B, C, H, W) and one time per row; recording if x is. */
        NDArray of(NDArray x, double[] t);
    }

    /**
     * An anchor that lets go at 3% of a schedule.
     *
     * @param schedule of the target, whose indices are the classifier's times
     * @return the anchor
     */
    public static Anchor of(NoiseSchedule schedule) {
        return new Anchor(WIDTH, schedule.steps());
    }

    /**
     * Another width.
     *
     * @param share of the schedule in which the teacher has a say, in (0, 1]
     * @return a changed copy
     * @throws IllegalArgumentException if the share is out of range or no number
     */
    public Anchor width(double share) {
        if (!(share > 0 && share <= 1)) {
            throw new IllegalArgumentException(
                    "share: " + share + " of the schedule; above 0 and up to 1 is legal");
        }
        return new Anchor(share, steps);
    }

    /**
     * The teacher's weight.
     *
     * @param t a time, an index of the schedule; fractions are allowed, and below 0 lies what 0 has
     * @return c(t), from 1 at t = 0 down to 0 at the width
     * @throws IllegalArgumentException if t is no number
     */
    public double weight(double t) {
        if (Double.isNaN(t)) {
            throw new IllegalArgumentException("t: NaN; a time of the schedule is needed");
        }
        double w = width * steps;
        return t <= 0 ? 1 : t >= w ? 0 : (1 + Math.cos(Math.PI * t / w)) / 2;
    }

    /**
     * Which classifier an anchored student is.
     *
     * @param student the time-dependent one, which gives the name
     * @param teacher the one without time
     * @return the name, and a checksum of both networks' and of this anchor
     */
    public ModelId id(ModelId student, ModelId teacher) {
        JsonObject made = new JsonObject();
        made.addProperty("kind", "anchored");
        made.addProperty("student", student.sha256());
        made.addProperty("teacher", teacher.sha256());
        made.addProperty("width", width);
        made.addProperty("steps", steps);
        byte[] text = made.toString().getBytes(StandardCharsets.UTF_8);
        return new ModelId(student.name(), Checksum.sha256(text));
    }

    /** {@code c z_teacher + (1 - c) z_student}, row by row; neither is asked about a row in which it has no weight. */
    NDArray mix(NDArray x, double[] t, Scores teacher, Scores student) {
        double[] c = Arrays.stream(t).map(this::weight).toArray();
        double[] rest = Arrays.stream(c).map(w -> 1 - w).toArray();
        int[] near = rows(t.length, i -> c[i] > 0);
        int[] far = rows(t.length, i -> rest[i] > 0);
        if (near.length == 0) {
            return student.of(x, t);
        }
        if (far.length == 0) {
            return teacher.of(x, t);
        }
        return weighted(x, t, teacher, c, near).add(weighted(x, t, student, rest, far));
    }

    private static int[] rows(int count, IntPredicate some) {
        return IntStream.range(0, count).filter(some).toArray();
    }

    private static NDArray weighted(NDArray x, double[] t, Scores of, double[] weight, int[] rows) {
        NDArray z = of.of(Ops.rows(x, rows), Arrays.stream(rows).mapToDouble(i -> t[i]).toArray());
        float[] w = new float[rows.length];
        for (int i = 0; i < w.length; i++) {
            w[i] = (float) weight[rows[i]];
        }
        NDArray column = Tensors.of(x.getManager(), w, new Shape(w.length, 1));
        return Ops.spread(z.mul(column), t.length, rows);
    }
}
