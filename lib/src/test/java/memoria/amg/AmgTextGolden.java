package memoria.amg;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.stream.IntStream;
import memoria.data.Images;
import memoria.diffusion.Bend;
import memoria.diffusion.Condition;
import memoria.diffusion.Denoiser;
import memoria.diffusion.Guided;
import memoria.diffusion.NoiseSchedule;
import memoria.diffusion.Prediction;
import memoria.diffusion.Seeds;
import memoria.diffusion.Step;
import memoria.golden.GoldenCase;
import memoria.golden.GoldenFamily;
import memoria.similarity.Neighbour;
import memoria.similarity.Similarity;
import memoria.torch.Ops;

/** {@code amg_text}: despecification and caption deduplication on recorded predictions, by a guidance that bends a real step. */
public final class AmgTextGolden implements GoldenFamily {

    @Override
    public boolean serves(String caseName) {
        return caseName.startsWith("amg_text");
    }

    @Override
    public void compare(GoldenCase golden) {
        new Comparison(golden).compare();
    }

    private static final class Comparison {

        private static final NoiseSchedule SCHEDULE = NoiseSchedule.cosine(10);

        private final GoldenCase golden;
        private final float[] sigma;
        private final int rows;
        private final NDArray text;
        private final NDArray unconditional;
        private final NDArray neighbour;
        private final boolean[] duplicated;

        Comparison(GoldenCase golden) {
            this.golden = golden;
            sigma = golden.input("sigma").toFloatArray();
            rows = sigma.length;
            text = golden.input("eps_text");
            unconditional = golden.input("eps_uncond");
            neighbour = golden.input("eps_neighbour");
            duplicated = golden.input("duplicated").toBooleanArray();
        }

        void compare() {
            JsonObject constants = golden.constants();
            double s0 = constants.get("s0").getAsDouble();
            Despecification spe = new Despecification(constants.get("c1").getAsDouble());
            Captions captions = new Captions("golden", labels(2 * rows), duplicated);
            Deduplication dup = new Deduplication(constants.get("c2").getAsDouble(), captions);
            double[] s1 =
                    IntStream.range(0, rows).mapToDouble(i -> spe.scale(sigma[i], s0)).toArray();
            check("s1", s1);
            check(
                    "s2",
                    IntStream.range(0, rows)
                            .mapToDouble(
                                    i ->
                                            dup.applies(i, () -> new int[0])
                                                    ? dup.scale(sigma[i], s0, s1[i])
                                                    : 0)
                            .toArray());

            Guided model = new Guided(new Recorded(), Condition.classes(0), s0);
            Step step =
                    Step.of(
                            model,
                            SCHEDULE,
                            5,
                            text.zerosLike(),
                            Seeds.range(0, rows),
                            labels(rows));
            AmgRecord seen = new AmgRecord();
            Bend bend =
                    Amg.with(new Given())
                            .when(Threshold.constant(constants.get("lambda").getAsDouble()))
                            .scale(0)
                            .despecify(spe.c1())
                            .deduplicate(dup.c2(), captions)
                            .record(seen)
                            .bend(step);
            NDArray epsilon = step.prediction().epsilon();
            check("eps_cfg", epsilon);
            check("armed", seen.table().booleanColumn("armed").asDoubleArray());
            check(
                    "eps_guided",
                    bend instanceof Bend.Epsilon changed ? epsilon.add(changed.delta()) : epsilon);
        }

        private void check(String tensor, double[] ours) {
            if (golden.has(tensor)) {
                golden.check(tensor, ours);
            }
        }

        private void check(String tensor, NDArray ours) {
            if (golden.has(tensor)) {
                golden.check(tensor, ours);
            }
        }

        /** Class 0 is no prompt, 1 ... rows are the rows' own prompts, the classes above them their neighbours' captions. */
        private Condition labels(int last) {
            return Condition.classes(
                    IntStream.rangeClosed(last - rows + 1, last).asLongStream().toArray());
        }

        /** Answers with the recorded prediction that a label stands for. */
        private final class Recorded implements Denoiser {

            @Override
            public Prediction predict(NDArray x, double[] t, Condition condition) {
                long[] labels = ((Condition.Classes) condition).labels();
                int[] places = new int[labels.length];
                for (int i = 0; i < places.length; i++) {
                    places[i] =
                            labels[i] == 0 ? i % (labels.length / 2) : (int) (rows + labels[i] - 1);
                }
                NDArray all = Ops.cat(List.of(unconditional, text, neighbour), 0);
                return new Prediction(Ops.rows(all, places));
            }

            @Override
            public NoiseSchedule schedule() {
                return SCHEDULE;
            }

            @Override
            public Shape item() {
                return text.getShape().slice(1);
            }

            @Override
            public NDManager manager() {
                return golden.manager();
            }
        }

        /** The recorded similarities; the nearest training image of row i is image i. */
        private final class Given implements Similarity {

            @Override
            public Images train() {
                return Images.from(text);
            }

            @Override
            public List<Neighbour> nearest(Images images) {
                return IntStream.range(0, rows)
                        .mapToObj(i -> new Neighbour(i, 1 - sigma[i], sigma[i]))
                        .toList();
            }

            @Override
            public NDArray of(NDArray x) {
                throw new IllegalStateException("no gradient is asked for");
            }

            @Override
            public boolean positive() {
                return true;
            }

            @Override
            public void close() {
                // Holds nothing.
            }
        }
    }
}
