package memoria.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import memoria.torch.Scalars;
import memoria.torch.Tensors;
import memoria.torch.Torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class GuidedTest {

    private NDManager manager;
    private int forwards;

    @BeforeEach
    void open() {
        Torch.threads(1);
        manager = Torch.manager();
    }

    @AfterEach
    void close() {
        manager.close();
    }

    /** Predicts {@code x + label}, with variance channels equal to the label. */
    private final Denoiser labelled =
            new Denoiser() {
                @Override
                public Prediction predict(NDArray x, double[] t, Condition condition) {
                    forwards++;
                    assertThat(x.getShape().get(0)).isEqualTo(t.length);
                    double[] labels = new double[t.length];
                    for (int i = 0; i < labels.length; i++) {
                        labels[i] = ((Condition.Classes) condition).labels()[i];
                    }
                    NDArray column = Tensors.column(manager, labels, 4);
                    return new Prediction(x.add(column), Scalars.mul(x, 0).add(column));
                }

                @Override
                public NoiseSchedule schedule() {
                    return NoiseSchedule.cosine(10);
                }

                @Override
                public Shape item() {
                    return new Shape(1, 1, 2);
                }

                @Override
                public NDManager manager() {
                    return manager;
                }
            };

    private NDArray x() {
        return Tensors.of(manager, new float[] {1, 2, 3, 4}, new Shape(2, 1, 1, 2));
    }

    @Test
    void bothBranchesComeFromOneForwardAndAreExtrapolated() {
        Guided guided = new Guided(labelled, Condition.classes(10), 3);
        Prediction p = guided.predict(x(), new double[] {1, 2}, Condition.classes(20, 30));
        assertThat(forwards).isEqualTo(1);
        assertThat(p.branches().conditional().toFloatArray()).containsExactly(21, 22, 33, 34);
        assertThat(p.branches().unconditional().toFloatArray()).containsExactly(11, 12, 13, 14);
        // u + 3 (c - u)
        assertThat(p.epsilon().toFloatArray())
                .containsExactly(new float[] {41, 42, 73, 74}, within(1e-5f));
        assertThat(p.variance().toFloatArray()).containsExactly(20, 20, 30, 30);
    }

    @Test
    void itsOwnConditionServesCallersThatKnowNone() {
        Guided guided = new Guided(labelled, Condition.classes(5), Condition.classes(0), 1);
        Prediction p = guided.predict(x(), new double[] {1, 2}, Condition.none());
        assertThat(p.epsilon().toFloatArray()).containsExactly(6, 7, 8, 9);
    }

    @Test
    void missingOrMisfittingConditionsAreRefusedBeforeTheForward() {
        Guided guided = new Guided(labelled, Condition.classes(0), 1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> guided.predict(x(), new double[2], Condition.none()))
                .withMessageStartingWith("condition: ");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> guided.predict(x(), new double[2], Condition.classes(1, 2, 3)))
                .withMessageStartingWith("condition: 3 rows for a batch of 2");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Guided(labelled, Condition.none(), 1));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Guided(labelled, Condition.classes(0), Double.NaN));
        assertThat(forwards).isZero();
    }

    @Test
    void embeddingsAreSelectedRepeatedAndJoinedByRow() {
        Condition text =
                Condition.embedding(Tensors.of(manager, new float[] {1, 2, 3, 4}, new Shape(2, 2)));
        Condition picked = Condition.concat(text.select(1, 0, 1), text.slice(0, 1).fit(2));
        assertThat(((Condition.Embedding) picked).tensor().toFloatArray())
                .containsExactly(3, 4, 1, 2, 3, 4, 1, 2, 1, 2);
        assertThat(picked.rows()).isEqualTo(5);
    }

    @Test
    void conditionsOfDifferentKindsDoNotJoin() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Condition.concat(Condition.classes(1), Condition.none()));
        assertThatIllegalArgumentException().isThrownBy(() -> Condition.classes());
        assertThatIllegalArgumentException().isThrownBy(() -> Condition.classes(-1));
        assertThatIllegalArgumentException().isThrownBy(() -> Condition.classes(1).select(1));
        assertThat(Condition.none().fit(7)).isSameAs(Condition.none());
    }
}
