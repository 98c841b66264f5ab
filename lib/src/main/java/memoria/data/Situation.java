package memoria.data;

import java.util.List;
import org.apache.commons.rng.UniformRandomProvider;
import org.apache.commons.rng.simple.RandomSource;

/**
 * The six situations of the LID paper's Figure 1, as points of R^3. The truth is a patch of the plane z = 0, and what differs is its left end
 * and what a model is shown of it:
 *
 * <pre>{@code
 *      left end of the truth        shown there                      a model of it learns
 * A    a part of the plane  (2)     three single points              points   (0)   overfitting
 * B    a part of the plane  (2)     points that lie on a line        a line   (1)   overfitting
 * C    a part of the plane  (2)     points of the plane              a plane  (2)
 * D    three points         (0)     the three, many times            points   (0)   the data's doing
 * E    a line               (1)     points of the line               a line   (1)   the data's doing
 * F    a part of the plane  (2)     as C, but for too short a time   nothing in particular
 * }</pre>
 */
public enum Situation {
    /** Points of dimension 0 learned where the truth has 2: overfitting. */
    A(2, 0),
    /** A line learned where the truth is a plane: overfitting. */
    B(2, 1),
    /** The plane learned. */
    C(2, 2),
    /** Points learned that are points: memorization that no better model would avoid. */
    D(0, 0),
    /** A line learned that is a line. */
    E(1, 1),
    /** A model that fits badly. */
    F(2, 2);

    private static final double EDGE = 1.2;
    private static final double LENGTH = 3;
    private static final double WIDTH = 2;
    private static final int RIGHT = 180;
    private static final int FEW = 90;
    private static final int PLANE = 90;
    private static final int LINE = 60;
    private static final int COPIES = 20;

    private final int truth;
    private final int learned;

    Situation(int truth, int learned) {
        this.truth = truth;
        this.learned = learned;
    }

    /**
     * The dimension of the truth at the left end, LID_*.
     *
     * @return 0, 1 or 2
     */
    public int truth() {
        return truth;
    }

    /**
     * The dimension that a model learns there if it fits what it is shown, LID_theta.
     *
     * @return 0, 1 or 2
     */
    public int learned() {
        return learned;
    }

    /**
     * What the model is shown: first the left end, class 0, then the rest of the plane, class 1, 180 points uniform on a patch of 1.8 by 2;
     * in A 90, or the three single points are hardly ever seen.
     *
     * @param seed of the draws
     * @return the points (x, y, z)
     */
    public DataSet sample(long seed) {
        UniformRandomProvider random = RandomSource.XO_SHI_RO_256_PP.create(seed);
        int left =
                switch (this) {
                    case A -> 3;
                    case D -> 3 * COPIES;
                    case B, E -> LINE;
                    case C, F -> PLANE;
                };
        int count = left + (this == A ? FEW : RIGHT);
        float[] points = new float[3 * count];
        int[] labels = new int[count];
        for (int i = 0; i < count; i++) {
            double along = random.nextDouble();
            double across = random.nextDouble();
            boolean isRight = i >= left;
            points[3 * i] = (float) (isRight ? EDGE + (LENGTH - EDGE) * along : left(along));
            points[3 * i + 1] = (float) (isRight ? WIDTH * across : across(i, across));
            labels[i] = isRight ? 1 : 0;
        }
        return DataSet.of(
                Images.of(points, count, 3, 1, 1),
                labels,
                List.of("left end", "plane"),
                Provenance.made("situation " + name() + " of the LID paper's Figure 1")
                        .then(count + " points drawn with seed " + seed));
    }

    /** The plane's left part reaches to where the rest begins; points and lines stand apart from it. */
    private double left(double along) {
        return learned == 2 ? EDGE * along : 0;
    }

    private double across(int i, double across) {
        return learned == 0 ? i % 3 * WIDTH / 2 : WIDTH * across;
    }

    /**
     * Points of the left end's middle at which the dimension is measured: of the three points, of the line, or of the plane away from its
     * rims.
     *
     * @return points (x, y, z), three for points, nine otherwise
     */
    public Images probes() {
        int n = learned == 0 ? 3 : 9;
        float[] points = new float[3 * n];
        for (int i = 0; i < n; i++) {
            points[3 * i] = learned == 2 ? (float) (0.5 + 0.25 * (i % 3)) : 0;
            points[3 * i + 1] =
                    learned == 0
                            ? (float) (i * WIDTH / 2)
                            : learned == 1
                                    ? (float) (0.6 + 0.1 * i)
                                    : (float) (0.7 + 0.3 * (i / 3));
        }
        return Images.of(points, n, 3, 1, 1);
    }
}
