package memoria.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class NoiseScheduleTest {

    static List<NoiseSchedule> kinds() {
        return List.of(
                NoiseSchedule.linear(1000),
                NoiseSchedule.linear(10, 0.05, 0.3),
                NoiseSchedule.cosine(200),
                NoiseSchedule.scaledLinear(1000, 0.00085, 0.012),
                NoiseSchedule.continuousVp(0.1, 20, 500),
                NoiseSchedule.of(0.1, 0.5, 0.2),
                NoiseSchedule.of(0.3),
                NoiseSchedule.cosine(200).respaced("ddim50"));
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void alphaBarIsTheProductOfOneMinusBeta(NoiseSchedule schedule) {
        double product = 1;
        for (int i = 0; i < schedule.steps(); i++) {
            assertThat(schedule.alphaBarPrev(i)).isCloseTo(product, within(1e-12));
            product *= 1 - schedule.betas()[i];
            assertThat(schedule.alphaBars()[i]).isCloseTo(product, within(1e-12));
            assertThat(schedule.alphaBar(i)).isCloseTo(product, within(1e-12));
            assertThat(schedule.noiseStd(i)).isCloseTo(Math.sqrt(1 - product), within(1e-9));
        }
        assertThat(schedule.alphaBarNext(schedule.steps() - 1)).isZero();
    }

    @Test
    void linearIsStretchedSoThatAnyLengthEndsInTheSameNoise() {
        double[] betas = NoiseSchedule.linear(4000).betas();
        assertThat(betas[0]).isCloseTo(0.000025, within(1e-18));
        assertThat(betas[3999]).isCloseTo(0.005, within(1e-18));
        assertThat(NoiseSchedule.linear(4000).alphaBar(3999))
                .isCloseTo(NoiseSchedule.linear(1000).alphaBar(999), within(1e-5));
    }

    @Test
    void cosineFollowsItsFormulaUntilTheLastBetaIsCapped() {
        NoiseSchedule cosine = NoiseSchedule.cosine(1000);
        double start = Math.pow(Math.cos(0.008 / 1.008 * Math.PI / 2), 2);
        double half = Math.pow(Math.cos((0.5 + 0.008) / 1.008 * Math.PI / 2), 2);
        assertThat(cosine.alphaBar(499)).isCloseTo(half / start, within(1e-12));
        assertThat(cosine.betas()[999]).isEqualTo(0.999);
    }

    @Test
    void scaledLinearSquaresALine() {
        double[] betas = NoiseSchedule.scaledLinear(3, 0.01, 0.09).betas();
        assertThat(betas).containsExactly(new double[] {0.01, 0.04, 0.09}, within(1e-15));
    }

    @Test
    void continuousVpIsExactBetweenIndicesAndStartsClean() {
        NoiseSchedule vp = NoiseSchedule.continuousVp(0.1, 20, 1000);
        double s = 0.2345;
        double expected = Math.exp(-0.1 * s - 19.9 * s * s / 2);
        assertThat(vp.alphaBar(s * 1000 - 1)).isCloseTo(expected, within(1e-13));
        assertThat(vp.noiseStd(-1)).isZero();
        assertThat(vp.timeAt(0)).isEqualTo(-1);
        assertThat(vp.respaced(0, 499, 999).alphaBar(1)).isCloseTo(vp.alphaBar(499), within(1e-13));
    }

    @Test
    void betweenIndicesLogAlphaBarIsLinear() {
        NoiseSchedule schedule = NoiseSchedule.linear(1000);
        double expected =
                Math.pow(schedule.alphaBar(41), 0.75) * Math.pow(schedule.alphaBar(42), 0.25);
        assertThat(schedule.alphaBar(41.25)).isCloseTo(expected, within(1e-14));
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void timeAtInvertsNoiseStd(NoiseSchedule schedule) {
        double last = schedule.steps() - 1;
        for (double part : new double[] {0, 1e-3, 0.1, 0.37, 0.5, 0.9, 1}) {
            double t = part * last;
            assertThat(schedule.timeAt(schedule.noiseStd(t))).isCloseTo(t, within(1e-5));
        }
    }

    @Test
    void aRespacedScheduleHasTheNoiseOfTheIndicesItVisitsAndRemembersThem() {
        NoiseSchedule whole = NoiseSchedule.cosine(100);
        NoiseSchedule part = whole.respaced(3, 10, 50, 99);
        assertThat(part.steps()).isEqualTo(4);
        assertThat(part.original(2)).isEqualTo(50);
        assertThat(part.alphaBar(2)).isCloseTo(whole.alphaBar(50), within(1e-15));
        assertThat(part.betas()[2])
                .isCloseTo(1 - whole.alphaBar(50) / whole.alphaBar(10), within(1e-14));
        assertThat(part.respaced(1, 3).original(1)).isEqualTo(99);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aSpecRebuildsTheSchedule(NoiseSchedule schedule) {
        JsonObject read = JsonParser.parseString(schedule.spec().toString()).getAsJsonObject();
        NoiseSchedule rebuilt = NoiseSchedule.of(read);
        assertThat(rebuilt.betas()).isEqualTo(schedule.betas());
        assertThat(rebuilt.original(0)).isEqualTo(schedule.original(0));
        assertThat(rebuilt.toString()).isEqualTo(schedule.toString());
    }

    @Test
    void changingASpecOrAnArrayDoesNotChangeTheSchedule() {
        NoiseSchedule schedule = NoiseSchedule.of(0.1, 0.2);
        schedule.spec().addProperty("kind", "other");
        schedule.betas()[0] = 9;
        assertThat(schedule).isEqualTo(NoiseSchedule.of(0.1, 0.2));
        assertThat(schedule.betas()[0]).isEqualTo(0.1);
    }

    static Stream<ThrowingCallable> illegal() {
        NoiseSchedule schedule = NoiseSchedule.linear(1000);
        NoiseSchedule vp = NoiseSchedule.continuousVp(0.1, 20, 10);
        return Stream.of(
                () -> NoiseSchedule.linear(0),
                () -> NoiseSchedule.linear(20),
                () -> NoiseSchedule.cosine(-1),
                () -> NoiseSchedule.of(new double[0]),
                () -> NoiseSchedule.of(0.1, 0),
                () -> NoiseSchedule.of(1),
                () -> NoiseSchedule.of(Double.NaN),
                () -> NoiseSchedule.continuousVp(0, 20, 10),
                () -> NoiseSchedule.continuousVp(3, 2, 10),
                () -> schedule.alphaBar(-0.1),
                () -> schedule.alphaBar(999.5),
                () -> schedule.alphaBar(Double.NaN),
                () -> vp.alphaBar(-1.1),
                () -> schedule.timeAt(0),
                () -> schedule.timeAt(1),
                () -> schedule.original(1000),
                () -> schedule.alphaBarPrev(-1),
                () -> schedule.respaced(new int[0]),
                () -> schedule.respaced(3, 3),
                () -> schedule.respaced(0, 1000),
                () -> NoiseSchedule.of(Spec.of("exotic", "steps", 10)),
                () -> NoiseSchedule.of(Spec.of("cosine")),
                () -> NoiseSchedule.of(Spec.of("cosine", "steps", "many")),
                () -> NoiseSchedule.of(new JsonObject()));
    }

    @ParameterizedTest
    @MethodSource
    void illegal(ThrowingCallable call) {
        assertThatIllegalArgumentException().isThrownBy(call).withMessageContaining(": ");
    }
}
