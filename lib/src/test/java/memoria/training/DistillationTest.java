package memoria.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import memoria.data.Images;
import memoria.diffusion.NoiseSchedule;
import memoria.models.Models;
import memoria.network.FeatureNetwork;
import memoria.torch.Scope;
import memoria.torch.Torch;
import org.junit.jupiter.api.Test;

class DistillationTest {

    private static final NoiseSchedule SCHEDULE = NoiseSchedule.linear(1000);

    @Test
    void aStudentThatStartsFromItsTeacherBeginsWithItsAnswersAtEveryTime() {
        Torch.threads(1);
        Images x = Models.images("fashion-test").distinct().first(8);
        try (FeatureNetwork teacher = Models.network("fashion-labels")) {
            var file = Models.folder().resolve(Surrogates.TEACHER + ".safetensors");
            var training = Surrogates.student(x, teacher.probabilities(x), file, SCHEDULE);
            double[] t = {0, 5, 100, 300, 500, 700, 900, 999};
            try (FeatureNetwork student = training.begin()) {
                float[] begun =
                        Scope.use(
                                () ->
                                        student.network()
                                                .forward(x.tensor(student.manager()), t)
                                                .toFloatArray());
                float[] expected =
                        Scope.use(() -> teacher.output(x.tensor(teacher.manager())).toFloatArray());
                assertThat(begun).containsExactly(expected, within(1e-4f));
            }
        }
    }

    @Test
    void pseudoLabelsAreDistributions() {
        assertThatThrownBy(() -> new Distillation(new float[][] {{0.5f, 0.4f}}, SCHEDULE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("row 0 is [0.5, 0.4]");
    }
}
