package memoria.side;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import memoria.artifact.ModelId;
import memoria.artifact.SampleJob;
import memoria.artifact.Store;
import memoria.data.DataSet;
import memoria.data.Folders;
import memoria.data.Images;
import memoria.diffusion.Ddim;
import memoria.diffusion.Denoiser;
import memoria.diffusion.Seeds;
import memoria.models.Subject;
import memoria.network.FeatureNetwork;
import memoria.network.ResNetConfig;
import memoria.similarity.NormalizedL2;
import memoria.similarity.Similarity;
import memoria.training.Augmentation;
import memoria.training.CrossEntropy;
import memoria.training.Distillation;
import memoria.training.FeatureTraining;
import memoria.training.Recipe;
import memoria.training.Surrogates;

/**
 * A {@link Subject} under attack: the target {@link #TARGET}, and the surrogate condition {@link #TDKD} that is distilled for it when it is first
 * asked for (SIDE, Sec. 3.3): a classifier learns the labels of the training set's images, and its student, which knows the time, learns what it
 * says of images that the target made; near t = 0 an {@link Anchor} holds the student to it. Both are kept in the cache; training goes on where it
 * stopped.
 */
public final class SubjectCatalog implements Catalog, AutoCloseable {

    /** The subject's model. */
    public static final String TARGET = "subject";

    /** The time-dependent student, anchored. */
    public static final String TDKD = "tdkd";

    private static final String TEACHER = "teacher";

    /** What a training calls the network it wrote. */
    private static final String FILE = "model.safetensors";

    /** Far from the seeds that notebooks report. */
    private static final long FIRST_SEED = 1_000_000;

    private final Subject subject;
    private final Store store;
    private final int steps;
    private final int synthetic;
    private final int width;
    private final Similarity measure;
    private final Map<String, Surrogate> open = new LinkedHashMap<>();

    /**
     * A catalog with one target.
     *
     * @param subject an unconditional model, and training images of at least two classes; it stays the caller's
     * @param store where its synthetic images are kept
     * @param steps of either training, at least 1
     * @param synthetic images of the target that the student learns from, at least 2
     * @param width channels of the ResNet-34's first stage, 64 in the paper
     * @throws IllegalArgumentException if the images have fewer than two classes, or a number is out of range
     */
    public SubjectCatalog(Subject subject, Store store, int steps, int synthetic, int width) {
        int classes = subject.training().classNames().size();
        require(classes >= 2, "training", classes + " classes", "at least 2");
        require(steps >= 1, "steps", steps, "at least 1");
        require(synthetic >= 2, "synthetic", synthetic, "at least 2");
        require(width >= 2 && width % 2 == 0, "width", width, "an even number");
        this.subject = subject;
        this.store = store;
        this.steps = steps;
        this.synthetic = synthetic;
        this.width = width;
        measure = NormalizedL2.against(subject.training().distinct());
    }

    private static void require(boolean legal, String name, Object value, String range) {
        if (!legal) {
            throw new IllegalArgumentException(name + ": " + value + " is not " + range);
        }
    }

    @Override
    public ModelId id(String name) {
        return name.equals(TARGET)
                ? new ModelId(TARGET, subject.id().sha256())
                : anchor().id(ModelId.of(name, student()), ModelId.of(TEACHER, teacher()));
    }

    private Anchor anchor() {
        return Anchor.of(subject.model().schedule());
    }

    @Override
    public Denoiser target(String name) {
        if (!name.equals(TARGET)) {
            throw new IllegalArgumentException("name: '" + name + "' is not " + TARGET);
        }
        return subject.model();
    }

    @Override
    public Surrogate classifier(String name) {
        if (!name.equals(TDKD)) {
            throw new IllegalArgumentException("name: '" + name + "' is not " + TDKD);
        }
        if (!open.containsKey(TDKD)) {
            Path file = student();
            Surrogate teacher = read(TEACHER, teacher());
            open.put(TEACHER, teacher);
            open.put(TDKD, read(TDKD, file).anchored(teacher, anchor()));
        }
        return open.get(TDKD);
    }

    private static Surrogate read(String name, Path file) {
        return Surrogate.of(ModelId.of(name, file), FeatureNetwork.read(file));
    }

    @Override
    public Similarity measure(String target) {
        return measure;
    }

    private ResNetConfig architecture() {
        int channels = subject.training().distinct().channels();
        int classes = subject.training().classNames().size();
        return ResNetConfig.small(channels, width, classes, 3, 4, 6, 3);
    }

    private Recipe recipe() {
        int batch = Math.min(64, Math.min(synthetic, subject.training().count()));
        return Recipe.steps(steps)
                .optBatch(batch)
                .optLearningRate(1e-4, Math.min(steps, 100))
                .optWeightDecay(0.01);
    }

    /** What was trained for another subject, or otherwise, lies in another folder. */
    private Path folder() {
        String key =
                subject.id().sha256().substring(0, 16)
                        + "-"
                        + subject.training().sha256().substring(0, 16);
        return Folders.cache()
                .resolve("surrogates")
                .resolve(key + "-" + steps + "-" + synthetic + "-" + width);
    }

    private Path teacher() {
        Path file = folder().resolve(TEACHER).resolve(FILE);
        if (!Files.exists(file)) {
            new FeatureTraining(
                            subject.training(),
                            architecture(),
                            new CrossEntropy(Augmentation.WEAK),
                            recipe())
                    .optName(TEACHER)
                    .run(file.getParent())
                    .close();
        }
        return file;
    }

    private Path student() {
        Path file = folder().resolve(TDKD).resolve(FILE);
        if (!Files.exists(file)) {
            Path teacher = teacher();
            Images images =
                    SampleJob.of(
                                    subject.id(),
                                    subject::model,
                                    Ddim.steps(25),
                                    Seeds.range(FIRST_SEED, FIRST_SEED + synthetic))
                            .in(store)
                            .images();
            DataSet made = Surrogates.synthetic(images, subject.training().classNames());
            try (FeatureNetwork known = FeatureNetwork.read(teacher)) {
                new FeatureTraining(
                                made,
                                architecture().optTime(ResNetConfig.Time.ONCE, 1),
                                new Distillation(
                                        known.probabilities(images), subject.model().schedule()),
                                recipe())
                        .optStart(teacher)
                        .optName(TDKD)
                        .run(file.getParent())
                        .close();
            }
        }
        return file;
    }

    /** Frees what was opened; the subject stays open. */
    @Override
    public void close() {
        open.values().forEach(Surrogate::close);
        open.clear();
    }
}
