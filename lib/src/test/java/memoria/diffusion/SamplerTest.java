package memoria.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import memoria.data.Images;
import memoria.progress.Interrupted;
import memoria.torch.NativeMemory;
import memoria.torch.Ops;
import memoria.torch.Torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SamplerTest {

    private static final NoiseSchedule SCHEDULE = NoiseSchedule.linear(1000);
    private static final Shape POINT = new Shape(3, 1, 1);
    private static final double[] MEAN = {0.5, -1, 2};
    private static final double[] VARIANCES = {1.5, 0.2};
    private Analytic plane;

    @BeforeEach
    void open() {
        Torch.threads(1);
        double[][] directions = {{0.6, 0.8, 0}, {0, 0, 1}};
        plane = Analytic.gaussian(SCHEDULE, POINT, MEAN, directions, VARIANCES);
    }

    @AfterEach
    void close() {
        plane.close();
        Thread.interrupted();
    }

    static List<Sampler> samplers() {
        return List.of(
                Ddim.steps(50).clip(false).batch(3000),
                Plms.respaced("ddim50").clip(false).batch(3000),
                Ddim.respaced("250").eta(1).clip(false).batch(3000),
                Ddpm.steps(250).clip(false).batch(3000),
                Ddpm.steps(250).variance(Variance.FIXED_SMALL).clip(false).batch(3000));
    }

    @Test
    void multiStepNoiseTakesFewerStepsToTheSameImage() {
        Seeds seeds = Seeds.range(0, 50);
        Images exact = Ddim.steps(500).clip(false).sample(plane, seeds).images();
        Images ddim = Ddim.steps(20).clip(false).sample(plane, seeds).images();
        Images plms = Plms.respaced("ddim20").clip(false).sample(plane, seeds).images();
        assertThat(plms.largestDifference(exact)).isLessThan(ddim.largestDifference(exact) / 2);
    }

    @Test
    void aRunThatEndsAtTheFirstLevelKeepsItsNoise() {
        Seeds seeds = Seeds.range(0, 3);
        Ddim toImages = Ddim.respaced("leading10+1").clip(false);
        Ddim toFirst = toImages.endingAtFirst(true);
        Images clean = toImages.sample(plane, seeds).images();
        Images noisy = toFirst.sample(plane, seeds).images();
        assertThat(clean.largestDifference(noisy)).isBetween(1e-5, 0.5);
        assertThat(toFirst.spec()).isNotEqualTo(toImages.spec());
        Samples last = toFirst.eta(1).recording(true).sample(plane, seeds);
        Images believed = last.trajectory().get(9).x0Hat();
        assertThat(last.images().largestDifference(believed)).isPositive();
    }

    @Test
    void aVelocityModelIsTheSameModel() {
        Denoiser velocity =
                new Velocity(
                        new Denoiser() {
                            @Override
                            public Prediction predict(NDArray x, double[] t, Condition c) {
                                NDArray epsilon = plane.predict(x, t, c).epsilon();
                                double signal = Math.sqrt(SCHEDULE.alphaBar(t[0]));
                                double noise = SCHEDULE.noiseStd(t[0]);
                                // v = signal epsilon - noise x0, x0 = (x - noise epsilon) / signal
                                double ofEpsilon = signal + noise * noise / signal;
                                return new Prediction(
                                        Ops.axpby(ofEpsilon, epsilon, -noise / signal, x));
                            }

                            @Override
                            public NoiseSchedule schedule() {
                                return SCHEDULE;
                            }

                            @Override
                            public Shape item() {
                                return POINT;
                            }

                            @Override
                            public NDManager manager() {
                                return plane.manager();
                            }
                        });
        Ddim sampler = Ddim.respaced("leading10+1").clip(false);
        Images ours = sampler.sample(velocity, Seeds.range(0, 3)).images();
        Images same = sampler.sample(plane, Seeds.range(0, 3)).images();
        assertThat(ours.largestDifference(same)).isLessThan(1e-3);
    }

    @ParameterizedTest
    @MethodSource("samplers")
    void samplesHaveTheDistributionOfTheData(Sampler sampler) {
        int n = 3000;
        Images points = sampler.sample(plane, Seeds.range(0, n)).images();
        double[] sum = new double[3];
        double[] square = new double[3];
        for (int i = 0; i < n; i++) {
            float[] p = points.pixels(i);
            double x = p[0] - MEAN[0];
            double y = p[1] - MEAN[1];
            double[] own = {0.6 * x + 0.8 * y, p[2] - MEAN[2], -0.8 * x + 0.6 * y};
            for (int k = 0; k < 3; k++) {
                sum[k] += own[k] / n;
                square[k] += own[k] * own[k] / n;
            }
        }
        for (int k = 0; k < 2; k++) {
            double sd = Math.sqrt(VARIANCES[k]);
            assertThat(sum[k]).isCloseTo(0, within(4 * sd / Math.sqrt(n)));
            // four standard errors, and 3% for the finite number of steps
            assertThat(square[k] / VARIANCES[k])
                    .isCloseTo(1, within(4 * Math.sqrt(2.0 / n) + 0.03));
        }
        assertThat(square[2]).isCloseTo(0, within(1e-3));
    }

    @Test
    void aFiniteSetIsReproducedAsOftenAsItsWeightsSay() {
        Images three = Images.of(new float[] {1, 1, -1, 1, 0, -1}, 3, 2, 1, 1);
        try (Analytic model = Analytic.finite(SCHEDULE, three, 5, 3, 2)) {
            int n = 2000;
            Images made = Ddim.steps(50).batch(500).sample(model, Seeds.range(0, n)).images();
            int[] hits = new int[3];
            for (int i = 0; i < n; i++) {
                for (int k = 0; k < 3; k++) {
                    double distance =
                            Math.hypot(
                                    made.pixels(i)[0] - three.pixels(k)[0],
                                    made.pixels(i)[1] - three.pixels(k)[1]);
                    hits[k] += distance < 0.02 ? 1 : 0;
                }
            }
            assertThat(Arrays.stream(hits).sum()).isGreaterThan(n - 10);
            assertThat(hits[0] / (double) n).isCloseTo(0.5, within(0.05));
            assertThat(hits[1] / (double) n).isCloseTo(0.3, within(0.05));
        }
    }

    @ParameterizedTest
    @MethodSource("samplers")
    void anImageDependsOnItsSeedAlone(Sampler sampler) {
        Loop<?> loop = (Loop<?>) sampler;
        float[] together = loop.batch(64).sample(plane, Seeds.range(0, 20)).images().all();
        float[] inSevens = loop.batch(7).sample(plane, Seeds.range(0, 20)).images().all();
        float[] alone = loop.sample(plane, Seeds.of(13)).images().all();
        assertThat(inSevens).containsExactly(together, within(1e-4f));
        assertThat(alone).containsExactly(Arrays.copyOfRange(together, 39, 42), within(1e-4f));
        assertThat(loop.sample(plane, Seeds.of(14)).images().all()).isNotEqualTo(alone);
    }

    @Test
    void aTrajectoryHoldsEveryStepNoisiestFirst() {
        Samples plain =
                Ddim.steps(10)
                        .clip(false)
                        .batch(3)
                        .recording(true)
                        .sample(plane, Seeds.range(0, 5));
        assertThat(plain.trajectory()).hasSize(10);
        assertThat(plain.trajectory()).extracting(Samples.Moment::t).startsWith(900.0, 800.0);
        float[] start = plain.trajectory().get(0).xt().pixels(4);
        double[] noise = Noise.gaussian(Sampler.START, 4, 0, 3);
        assertThat(start[2]).isEqualTo((float) noise[2]);
        // the last step of DDIM returns its x0-hat
        assertThat(plain.trajectory().get(9).x0Hat()).isEqualTo(plain.images());
        assertThat(Ddim.steps(10).sample(plane, Seeds.of(1)).trajectory()).isEmpty();
    }

    @Test
    void clippingLimitsWhatTheStepsBelieveIn() {
        Samples clipped = Ddim.steps(10).recording(true).sample(plane, Seeds.range(0, 8));
        for (Samples.Moment moment : clipped.trajectory()) {
            for (float value : moment.x0Hat().all()) {
                assertThat(value).isBetween(-1f, 1f);
            }
        }
        float[] free = Ddim.steps(10).clip(false).sample(plane, Seeds.range(0, 8)).images().all();
        assertThat(free[2]).isGreaterThan(1);
    }

    /** Counts forwards, records what it was asked, and does something at a chosen one. */
    private static final class Watched implements Denoiser {
        final Denoiser model;
        final List<Integer> batches = new ArrayList<>();
        final List<Condition> conditions = new ArrayList<>();
        int interruptAt = -1;

        Watched(Denoiser model) {
            this.model = model;
        }

        @Override
        public Prediction predict(NDArray x, double[] t, Condition condition) {
            if (batches.size() == interruptAt) {
                Thread.currentThread().interrupt();
            }
            batches.add(t.length);
            conditions.add(condition);
            return model.predict(x, t, Condition.none());
        }

        @Override
        public NoiseSchedule schedule() {
            return model.schedule();
        }

        @Override
        public Shape item() {
            return model.item();
        }

        @Override
        public NDManager manager() {
            return model.manager();
        }
    }

    @Test
    void anInterruptedRunKeepsItsFinishedBatchesAndLeavesTheFlagSet() {
        Watched model = new Watched(plane);
        model.interruptAt = 25;
        Samples some = Ddim.steps(10).batch(4).sample(model, Seeds.range(0, 16));
        assertThat(Thread.interrupted()).isTrue();
        assertThat(model.batches).hasSize(26);
        assertThat(some.complete()).isFalse();
        assertThat(some.seeds()).isEqualTo(Seeds.range(0, 8));
        assertThat(some.images())
                .isEqualTo(Ddim.steps(10).batch(4).sample(plane, Seeds.range(0, 8)).images());
    }

    @Test
    void aRunInterruptedInItsFirstBatchHasNothingToReturn() {
        Watched model = new Watched(plane);
        model.interruptAt = 3;
        assertThatThrownBy(() -> Ddim.steps(10).batch(4).sample(model, Seeds.range(0, 16)))
                .isInstanceOf(Interrupted.class);
        assertThat(model.batches).hasSize(4);
    }

    @Test
    void eachBatchGetsTheConditionsOfItsImages() {
        Watched model = new Watched(plane);
        Ddim.steps(10).batch(2).sample(model, Seeds.range(0, 3), Condition.classes(7, 8, 9));
        assertThat(((Condition.Classes) model.conditions.get(0)).labels()).containsExactly(7, 8);
        assertThat(((Condition.Classes) model.conditions.get(19)).labels()).containsExactly(9);
        model.conditions.clear();
        Ddim.steps(10).batch(2).sample(model, Seeds.range(0, 2), Condition.classes(5));
        assertThat(((Condition.Classes) model.conditions.get(0)).labels()).containsExactly(5, 5);
    }

    @Test
    void nothingStaysBehindInNativeMemory() {
        BaseNDManager manager = (BaseNDManager) plane.manager();
        Sampler sampler =
                Ddpm.steps(50)
                        .clip(false)
                        .guidedBy(
                                step ->
                                        Bend.score(
                                                step.gradX(
                                                        x0 -> x0.reshape(-1, 3).sum(new int[] {1}),
                                                        Step.Gradient.THROUGH_NETWORK)));
        int before = manager.getManagedArrays().size();
        sampler.sample(plane, Seeds.range(0, 4));
        assertThat(manager.getManagedArrays()).hasSize(before);
    }

    @Test
    void nativeMemoryAfterAThousandStepsIsThatAfterAHundred() {
        Shape item = new Shape(3, 48, 48);
        double[] mean = new double[(int) item.size()];
        try (Analytic model =
                Analytic.gaussian(SCHEDULE, item, mean, new double[0][], new double[0])) {
            Sampler sampler =
                    Ddim.steps(100)
                            .guidedBy(
                                    step ->
                                            Bend.score(
                                                    step.gradX(
                                                            Rows::mean,
                                                            Step.Gradient.EPSILON_CONSTANT)));
            // one forgotten tensor a step would be 200 MB
            Seeds seeds = Seeds.range(0, 8);
            long growth = NativeMemory.growth(() -> sampler.sample(model, seeds), 1, 10);
            assertThat(growth).isLessThan(100L << 20);
        }
    }

    @Test
    void aSpecSaysWhatDecidesAnImage() {
        assertThat(Ddim.steps(50).eta(0.5).spec().toString())
                .isEqualTo(
                        "{\"kind\":\"ddim\",\"respacing\":\"ddim50\",\"clip\":true,\"eta\":0.5}");
        assertThat(Ddpm.steps(250).batch(8).spec()).isEqualTo(Ddpm.steps(250).spec());
        assertThatIllegalStateException()
                .isThrownBy(() -> Ddim.steps(50).guidedBy(step -> Bend.none()).spec())
                .withMessageContaining("no spec()");
        assertThatIllegalStateException()
                .isThrownBy(() -> Ddim.steps(50).noise(Noise::tensor).spec())
                .withMessageStartingWith("noise: ");
    }

    @Test
    void badArgumentsAreRefusedBeforeTheFirstForward() {
        Watched model = new Watched(plane);
        Seeds seeds = Seeds.range(0, 4);
        assertThatIllegalArgumentException().isThrownBy(() -> Ddim.steps(0));
        assertThatIllegalArgumentException().isThrownBy(() -> Ddpm.steps(-5));
        assertThatIllegalArgumentException().isThrownBy(() -> Ddim.steps(5).eta(1.1));
        assertThatIllegalArgumentException().isThrownBy(() -> Ddim.steps(5).batch(0));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Ddim.steps(60).sample(model, seeds))
                .withMessageStartingWith("respacing: 'ddim60'");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Ddpm.steps(1001).sample(model, seeds));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Ddim.steps(10).sample(model, Seeds.of()))
                .withMessageStartingWith("seeds: none");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Ddim.steps(10).sample(model, seeds, Condition.classes(1, 2, 3)))
                .withMessageStartingWith("condition: 3 rows");
        assertThat(model.batches).isEmpty();
    }

    @Test
    void aFilmstripRunsFromTheFirstStepToTheLast() {
        Samples recorded = Ddim.steps(10).recording(true).sample(plane, Seeds.range(0, 2));
        Images strip = recorded.filmstrip(1, 4);
        assertThat(strip.count()).isEqualTo(4);
        assertThat(strip.pixels(0)).containsExactly(recorded.trajectory().get(0).x0Hat().pixels(1));
        assertThat(strip.pixels(3)).containsExactly(recorded.trajectory().get(9).x0Hat().pixels(1));
        assertThat(recorded.filmstrip(0, 99).count()).isEqualTo(10);
        assertThatThrownBy(() -> recorded.filmstrip(0, 0)).hasMessageContaining("frames: 0");
        Samples plain = Ddim.steps(10).sample(plane, Seeds.range(0, 1));
        assertThatThrownBy(() -> plain.filmstrip(0, 2)).hasMessageContaining("recording(true)");
    }
}
