package memoria.models;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import memoria.artifact.ModelId;
import memoria.artifact.Store;
import memoria.data.DataSet;
import memoria.data.Planting;
import memoria.network.DenoiserFile;
import memoria.network.DiffusersModel;
import memoria.network.FeatureNetwork;
import memoria.network.Generator;
import memoria.network.ImageGenerator;
import memoria.network.InceptionV3;
import memoria.network.NetworkDenoiser;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.IntColumn;
import tech.tablesaw.api.LongColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * The shipped models and their training images.
 *
 * <p>They lie in {@code notebooks/checkpoints}, looked for upwards from the working directory, or in the folder the system property
 * {@code memoria.checkpoints} names. A model of your own is read by path: {@link #denoiser(Path)}.
 */
public final class Models {

    private static final String SUFFIX = ".safetensors";
    private static final String GENERATOR = ".generator.safetensors";
    private static final String RESNET = ".resnet.safetensors";
    private static final String IMAGES = ".images.zip";
    private static final String ARTIFACTS = "artifacts";
    private static final Path FOLDER = Path.of("notebooks", "checkpoints");

    private Models() {}

    /**
     * What {@link #denoiser(String)} knows.
     *
     * @return the names, sorted
     */
    public static List<String> names() {
        return names(SUFFIX);
    }

    /** The sets of images that ship with the models. */
    static List<String> imageNames() {
        return names(IMAGES);
    }

    private static Path file(String what, String name, String suffix) {
        Path file = folder().resolve(name + suffix);
        if (!Files.isRegularFile(file)) {
            throw new IllegalArgumentException(
                    "name: no " + what + " '" + name + "'; there are " + names(suffix));
        }
        return file;
    }

    private static List<String> names(String suffix) {
        try (Stream<Path> files = Files.list(folder())) {
            return files.map(f -> f.getFileName().toString())
                    .filter(f -> f.endsWith(suffix))
                    .map(f -> f.substring(0, f.length() - suffix.length()))
                    .filter(f -> f.indexOf('.') < 0)
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("the folder of the shipped models cannot be listed", e);
        }
    }

    /**
     * A model: a shipped one by name, a published checkpoint by its manifest (fetched if it is not here), or a file or folder of your own.
     *
     * @param name one of {@link #names}, a manifest such as {@code iddpm-cifar10}, or a path; what may lie there says {@link Checkpoints}
     * @return the denoiser on the current device; the caller closes it
     * @throws IllegalArgumentException if there is no such model; the message lists those there are
     */
    public static NetworkDenoiser denoiser(String name) {
        Path shipped = folder().resolve(name + SUFFIX);
        return Files.isRegularFile(shipped)
                ? DenoiserFile.read(shipped)
                : Checkpoints.denoiser(Checkpoints.find("model", name, names(SUFFIX)));
    }

    /**
     * A generator of a GAN: a shipped one by name, a published one by its manifest, or a file of your own.
     *
     * @param name one whose file ends in {@code .generator.safetensors}, such as {@code fashion-gan}; a manifest such as {@code
     *     stylegan2-ada-cifar10}; or the path of a {@code .pkl} or {@code .generator.safetensors}
     * @return the generator on the current device; the caller closes it
     * @throws IllegalArgumentException if there is no such generator; the message lists those there are
     */
    public static ImageGenerator generator(String name) {
        Path shipped = folder().resolve(name + GENERATOR);
        return Files.isRegularFile(shipped)
                ? Generator.read(shipped)
                : Checkpoints.generator(Checkpoints.find("generator", name, names(GENERATOR)));
    }

    /**
     * A shipped classifier or descriptor.
     *
     * @param name one whose file ends in {@code .resnet.safetensors}: {@code fashion-features} classifies garments, {@code fashion-copies}
     *     describes images so that copies are alike
     * @return the network on the current device; the caller closes it
     * @throws IllegalArgumentException if there is no such network; the message lists those there are
     */
    public static FeatureNetwork network(String name) {
        return FeatureNetwork.read(file("network", name, RESNET));
    }

    /**
     * What {@link #network} knows.
     *
     * @return the names, sorted
     */
    public static List<String> networks() {
        return names(RESNET);
    }

    /**
     * The network that the FID is defined by.
     *
     * @param name {@code inception-fid}, fetched if it is not here; or the path of a state dictionary of that network
     * @return the network on the current device; who closes its parameters' manager frees it
     * @throws IllegalArgumentException if there is no such checkpoint, and the message lists those there are; or if it is of another network
     */
    public static InceptionV3 inception(String name) {
        return InceptionV3.read(Checkpoints.find("feature network", name, networks()));
    }

    /**
     * A model in a file or folder of your own.
     *
     * @param file what a training wrote, or another project's checkpoint; see {@link Checkpoints}
     * @return the denoiser on the current device; the caller closes it
     */
    public static NetworkDenoiser denoiser(Path file) {
        return Checkpoints.denoiser(file);
    }

    /**
     * The images a shipped model was trained on, with their multiplicity.
     *
     * @param model a shipped model
     * @return the training set, distinct images and how often each was shown
     * @throws IllegalArgumentException if the model's file does not say which of the shipped images it was trained on
     */
    public static DataSet trainingData(NetworkDenoiser model) {
        return data(planting(model));
    }

    /**
     * The images a shipped generator was trained on, with their multiplicity.
     *
     * @param generator a shipped generator
     * @return the training set
     * @throws IllegalArgumentException if the generator's file does not say which of the shipped images it was trained on
     */
    public static DataSet trainingData(ImageGenerator generator) {
        return data(
                planting(
                        generator instanceof Generator shipped
                                ? shipped.metadata()
                                : new JsonObject()));
    }

    private static DataSet data(Planting planting) {
        return planting.of(images(planting.images()));
    }

    /**
     * What was planted among the images a shipped model was trained on.
     *
     * @param model a shipped model
     * @return which images were planted, which varied, which shown once
     * @throws IllegalArgumentException if the model's file does not say which of the shipped images it was trained on
     */
    public static Planting planting(NetworkDenoiser model) {
        return planting(model.metadata());
    }

    private static Planting planting(JsonObject made) {
        JsonObject origin = made.getAsJsonObject("origin");
        if (origin == null) {
            throw new IllegalArgumentException(
                    "model: its file names no shipped images; it was trained on a data set of its own");
        }
        return Planting.of(origin);
    }

    /**
     * What models are and what they were trained on.
     *
     * @param models denoisers of this library
     * @return one row per model
     * @throws IllegalArgumentException if a model's file does not tell how it was made
     */
    public static Table describe(NetworkDenoiser... models) {
        var name = StringColumn.create("model");
        var parameters = LongColumn.create("parameters");
        var distinct = IntColumn.create("distinct images");
        var planted = IntColumn.create("planted");
        var shown = LongColumn.create("images an epoch");
        var steps = LongColumn.create("training steps");
        for (NetworkDenoiser model : models) {
            JsonObject made = model.metadata();
            if (!made.keySet().containsAll(List.of("name", "data", "recipe"))) {
                throw new IllegalArgumentException(
                        "models: one was not trained by this library, its metadata has only "
                                + made.keySet());
            }
            JsonObject data = made.getAsJsonObject("data");
            name.append(made.get("name").getAsString());
            parameters.append(model.network().params().count());
            distinct.append(data.get("distinct").getAsInt());
            planted.append(data.get("planted").getAsInt());
            shown.append(data.get("size").getAsLong());
            steps.append(made.getAsJsonObject("recipe").get("steps").getAsLong());
        }
        return Table.create("models", name, parameters, distinct, planted, shown, steps);
    }

    /**
     * How a model's loss fell while it was trained.
     *
     * @param model a denoiser of this library
     * @return columns {@code step} and {@code loss}, each row the mean over the steps since the row before
     * @throws IllegalArgumentException if the model's file holds no loss curve
     */
    public static Table lossCurve(NetworkDenoiser model) {
        JsonObject made = model.metadata();
        if (!made.has("lossCurve")) {
            throw new IllegalArgumentException("model: its file holds no loss curve");
        }
        int every = made.get("lossCurveEvery").getAsInt();
        var step = IntColumn.create("step");
        var loss = DoubleColumn.create("loss");
        for (JsonElement mean : made.getAsJsonArray("lossCurve")) {
            step.append((step.size() + 1) * every);
            loss.append(mean.getAsDouble());
        }
        return Table.create("loss curve", step, loss);
    }

    /**
     * A shipped set of images.
     *
     * @param name {@code fashion-train} or {@code fashion-test}: Fashion-MNIST at 16x16, what the shipped models were trained on and
     *     images none of them has seen
     * @return the set
     * @throws IllegalArgumentException if there is no such set
     */
    public static DataSet images(String name) {
        return DataSet.load(file("images", name, IMAGES));
    }

    /**
     * The user's store, with the expensive results that ship beside the models taken over: whoever asks for one of them only reads it.
     *
     * @return {@link Store#ofUser()}
     * @throws java.io.UncheckedIOException if it cannot be written
     */
    public static Store store() {
        Store store = Store.ofUser();
        Path shipped = folder().resolve(ARTIFACTS);
        if (Files.isDirectory(shipped)) {
            store.merge(Store.at(shipped));
        }
        return store;
    }

    /**
     * Where a checkpoint lies that this library did not train, such as Stable Diffusion's.
     *
     * @param name a checkpoint's manifest, as {@code stable-diffusion-v1-5}: its first file is found or fetched; or the path of your own file or
     *     folder
     * @return the file, or the folder of a checkpoint that is one
     * @throws IllegalArgumentException if there is neither; the message lists the manifests there are
     */
    public static Path checkpoint(String name) {
        return Checkpoints.find("checkpoint", name, List.of());
    }

    /**
     * Checks that there is a model, generator, network or checkpoint of a name, without opening or fetching it: a misspelt one is an error
     * before work that may take hours, not after it.
     *
     * @param argument how the caller names it
     * @param name of something shipped, a checkpoint's manifest, or a path
     * @throws IllegalArgumentException if there is none; the message lists those there are
     */
    public static void requireNamed(String argument, String name) {
        List<String> shipped =
                Stream.of(SUFFIX, GENERATOR, RESNET).flatMap(s -> names(s).stream()).toList();
        if (!shipped.contains(name)) {
            Checkpoints.require(argument, name, shipped);
        }
    }

    /**
     * Which file a model is, for the spec of what is made with it.
     *
     * @param name what {@link #denoiser(String)} takes; of a folder the files with the parameters decide
     * @return its name and checksum
     * @throws IllegalArgumentException if there is no such model; the message lists those there are
     */
    public static ModelId id(String name) {
        Path shipped = folder().resolve(name + SUFFIX);
        if (Files.isRegularFile(shipped)) {
            return ModelId.of(name, shipped);
        }
        Path found = Checkpoints.find("model", name, names(SUFFIX));
        return ModelId.of(
                String.valueOf(found.getFileName()),
                Files.isDirectory(found) ? DiffusersModel.weights(found) : List.of(found));
    }

    /**
     * Where the shipped models lie.
     *
     * @return the folder
     * @throws IllegalStateException if it is not found; the message says where it was looked for and how to name it
     */
    public static Path folder() {
        String named = System.getProperty("memoria.checkpoints");
        if (named != null) {
            Path folder = Path.of(named);
            if (!Files.isDirectory(folder)) {
                throw new IllegalStateException(
                        "memoria.checkpoints: " + folder + " is not a folder");
            }
            return folder;
        }
        Path start = Path.of("").toAbsolutePath();
        for (Path at = start; at != null; at = at.getParent()) {
            if (Files.isDirectory(at.resolve(FOLDER))) {
                return at.resolve(FOLDER);
            }
        }
        throw new IllegalStateException(
                "no folder "
                        + FOLDER
                        + " in "
                        + start
                        + " or above; start in a clone of the repository or set the system property memoria.checkpoints");
    }
}
