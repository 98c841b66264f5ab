package memoria.training;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import memoria.data.DataSet;
import memoria.data.FashionMnist;
import memoria.data.Folders;
import memoria.data.Planting;
import memoria.diffusion.NoiseSchedule;
import memoria.network.DenoiserFile;
import memoria.network.GeneratorConfig;
import memoria.network.NetworkConfig;
import memoria.network.NetworkDenoiser;
import memoria.network.ResNetConfig;
import memoria.network.UNetConfig;
import memoria.torch.Torch;

/**
 * The trainings behind the shipped models: one architecture, one schedule and one recipe, several data sets. They differ in how many images
 * there are and how many of them are shown many times, which is what decides whether a model copies.
 *
 * <p>Run as a program it makes {@code notebooks/checkpoints} anew: the images when they are missing, then each model named.
 */
public enum Shipped {
    /** Few images and 20 of them shown 50 times each: overfits, and copies the planted ones. For teaching. */
    HEAVY("fashion-heavy", among(1000).optExact(20, 50), 3000),
    /** More images, 20 of them shown 40 times: a few samples in a hundred are copies. For attacks. */
    MILD("fashion-mild", among(2000).optExact(20, 40), 2500),
    /** Many images, nothing planted: copies nothing, and every detector must stay silent. */
    CLEAN("fashion-clean", among(8000), 2000),
    /** The images of {@link #HEAVY} with their classes as condition, dropped now and then: for classifier-free guidance. */
    CLASSES("fashion-classes", HEAVY.planting, 3000),
    /** Other images, with exact plants and templates among them: what one model taught about detection is tried on the other. */
    TEMPLATES(
            "fashion-templates",
            among(1000).optSkip(1000).optExact(40, 60).optTemplates(8, 40),
            4000);

    private static final String TRAIN = "fashion-train";
    private static final String TEST = "fashion-test";
    private static final String IMAGES = ".images.zip";
    private static final int SNAPSHOTS = 500;
    private static final int GAN_STEPS = 2500;
    private static final int FEATURE_STEPS = 2000;
    private static final int COPY_STEPS = 4000;
    private static final int SIDE = 16;
    private static final int TRAIN_COUNT = 8000;
    private static final int TEST_COUNT = 4000;

    private final String name;
    private final Planting planting;
    private final int steps;

    Shipped(String name, Planting planting, int steps) {
        this.name = name;
        this.planting = planting;
        this.steps = steps;
    }

    private static Planting among(int first) {
        return Planting.among(TRAIN, first);
    }

    /**
     * The architecture of the unconditional ones: 0.88 million parameters for 16x16 grey images.
     *
     * @return a UNet of three levels with attention at 4x4
     */
    public static UNetConfig architecture() {
        return UNetConfig.of(1, 32, 1)
                .optNumResBlocks(1)
                .optChannelMult(1, 1, 2)
                .optAttentionResolutions(4)
                .optNumHeads(4, -1)
                .optUseScaleShiftNorm(true);
    }

    /**
     * This model's training.
     *
     * @param checkpoints the folder with the shipped images
     * @return the training, not yet run
     */
    public Training training(Path checkpoints) {
        DataSet data = planting.of(images(checkpoints));
        Recipe recipe =
                Recipe.steps(steps)
                        .optBatch(64)
                        .optLearningRate(1e-3, 100)
                        .optClipNorm(1)
                        .optEma(0.998);
        NetworkConfig network = architecture();
        if (this == CLASSES) {
            network = architecture().optNumClasses(data.classNames().size() + 1);
            recipe = recipe.optConditionDropout(0.1);
        }
        return new Training(data, network, NoiseSchedule.linear(1000), recipe)
                .optName(name)
                .optSnapshotEvery(snapshotEvery())
                .optOrigin(planting.toJson());
    }

    /**
     * The model as it was during its training, from {@code training} in {@link Folders#cache}: trained there first where that was not done.
     *
     * @param checkpoints the folder with the shipped images
     * @param steps after which its training keeps a snapshot
     * @return the denoiser; the caller closes it
     * @throws IllegalArgumentException if no snapshot is kept then
     */
    public NetworkDenoiser snapshot(Path checkpoints, long steps) {
        if (snapshotEvery() == 0
                || steps < 1
                || steps > this.steps
                || steps % snapshotEvery() != 0) {
            throw new IllegalArgumentException(
                    "steps: "
                            + steps
                            + "; "
                            + name
                            + (snapshotEvery() == 0
                                    ? " keeps no snapshots"
                                    : " is kept every "
                                            + snapshotEvery()
                                            + " steps up to "
                                            + this.steps));
        }
        Path folder = Folders.cache().resolve("training").resolve(name);
        Path file = Training.snapshot(folder, steps);
        if (!Files.exists(file)) {
            training(checkpoints).run(folder).close();
        }
        return DenoiserFile.read(file);
    }

    private int snapshotEvery() {
        return this == TEMPLATES ? SNAPSHOTS : 0;
    }

    /**
     * The training of the shipped generator: 200 images, 10 of them shown 40 times, for so long that it copies.
     *
     * @param checkpoints the folder with the shipped images
     * @return the training, not yet run
     */
    public static GanTraining gan(Path checkpoints) {
        Planting planting = among(200).optExact(10, 40);
        Recipe recipe =
                Recipe.steps(GAN_STEPS).optBatch(32).optLearningRate(1e-3, 100).optEma(0.998);
        return new GanTraining(
                        planting.of(images(checkpoints)), new GeneratorConfig(32, 1, 32, 2), recipe)
                .optPenalty(0.02, 4)
                .optName("fashion-gan")
                .optSnapshotEvery(1000)
                .optOrigin(planting.toJson());
    }

    /**
     * The training of the shipped classifier of garments: its features measure distances between sets of images, its answers judge classes.
     *
     * @param checkpoints the folder with the shipped images
     * @return the training, not yet run
     */
    public static FeatureTraining features(Path checkpoints) {
        DataSet data = images(checkpoints);
        Recipe recipe =
                Recipe.steps(FEATURE_STEPS)
                        .optBatch(64)
                        .optLearningRate(2e-3, 100)
                        .optWeightDecay(0.05)
                        .optEma(0.998);
        return new FeatureTraining(
                        data,
                        ResNetConfig.small(1, 24, data.classNames().size(), 1, 1, 1, 1),
                        new CrossEntropy(Augmentation.WEAK),
                        recipe)
                .optName("fashion-features");
    }

    /**
     * The training of the shipped copy descriptor, SSCD's recipe in small: contrast between strongly changed views, spread over the sphere.
     *
     * @param checkpoints the folder with the shipped images
     * @return the training, not yet run
     */
    public static FeatureTraining copies(Path checkpoints) {
        Recipe recipe =
                Recipe.steps(COPY_STEPS)
                        .optBatch(64)
                        .optLearningRate(2e-3, 100)
                        .optWeightDecay(0.01)
                        .optEma(0.998);
        return new FeatureTraining(
                        images(checkpoints),
                        ResNetConfig.small(1, 16, 64, 1, 1, 1, 1).optGem(3).optNormalised(true),
                        new CopyContrast(0.05, 5, Augmentation.STRONG),
                        recipe)
                .optName("fashion-copies")
                .optSnapshotEvery(SNAPSHOTS);
    }

    private static DataSet images(Path checkpoints) {
        return DataSet.load(checkpoints.resolve(TRAIN + IMAGES));
    }

    /** Every training by the name of the file it makes. */
    private static Map<String, Function<Path, Trainer<?>>> all() {
        Map<String, Function<Path, Trainer<?>>> all = new LinkedHashMap<>();
        for (Shipped model : values()) {
            all.put(model.name, model::training);
        }
        all.put("fashion-gan.generator", Shipped::gan);
        all.put("fashion-features.resnet", Shipped::features);
        all.put("fashion-copies.resnet", Shipped::copies);
        PointModels.all().forEach((file, training) -> all.put(file, folder -> training.get()));
        all.put(Surrogates.TEACHER, folder -> Surrogates.teacher(images(folder)));
        all.put("mild-tdkd.resnet", Surrogates::mild);
        for (Surrogates.Labelling labels : Surrogates.Labelling.values()) {
            all.put(
                    labels.name + ".resnet",
                    folder -> Surrogates.rare(folder, images(folder), labels));
        }
        return all;
    }

    /**
     * Trains models and puts them where the notebooks open them.
     *
     * @param arguments the checkpoints' folder, a folder for training states, then names of model files without their end; all when none is named
     * @throws IOException if a file cannot be written
     */
    public static void main(String[] arguments) throws IOException {
        if (arguments.length < 2) {
            throw new IllegalArgumentException(
                    "arguments: CHECKPOINTS STATES [NAME ...] are needed");
        }
        Path checkpoints = Files.createDirectories(Path.of(arguments[0]));
        Path states = Path.of(arguments[1]);
        List<String> names = Arrays.asList(arguments).subList(2, arguments.length);
        Map<String, Function<Path, Trainer<?>>> all = all();
        if (!all.keySet().containsAll(names)) {
            throw new IllegalArgumentException(
                    "arguments: " + names + " are not all among " + all.keySet());
        }
        images(checkpoints.resolve(TRAIN + IMAGES), FashionMnist::train, TRAIN_COUNT);
        images(checkpoints.resolve(TEST + IMAGES), FashionMnist::test, TEST_COUNT);
        Torch.threads(1);
        for (String name : names.isEmpty() ? all.keySet() : names) {
            Path trained = all.get(name).apply(checkpoints).train(states.resolve(name));
            Path file = checkpoints.resolve(name + ".safetensors");
            Files.createDirectories(file.getParent());
            Files.copy(trained, file, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private static void images(Path file, Supplier<DataSet> source, int count) {
        if (!Files.exists(file)) {
            source.get().first(count).resize(SIDE, SIDE).save(file);
        }
    }
}
