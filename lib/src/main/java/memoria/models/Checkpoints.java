package memoria.models;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import memoria.data.Fetched;
import memoria.data.Manifest;
import memoria.data.ManifestFile;
import memoria.data.Manifests;
import memoria.data.TextFile;
import memoria.network.DenoiserFile;
import memoria.network.DiffusersModel;
import memoria.network.Generator;
import memoria.network.ImageGenerator;
import memoria.network.ImprovedDiffusion;
import memoria.network.NetworkDenoiser;
import memoria.network.StyleGan2File;

/**
 * Checkpoints by what lies at a path:
 *
 * <ul>
 *   <li>a folder with a {@code config.json}: a {@code UNet2DModel} of diffusers,
 *   <li>{@code .safetensors}: a model that this library trained,
 *   <li>{@code .pt} or {@code .pth}: improved-diffusion's; the flags of its published files are known by the file's name, of others they stand
 *       in a text file beside it, {@code NAME.flags} for {@code NAME.pt}, as on the command line that trained it,
 *   <li>{@code .pkl}: a generator of StyleGAN2-ADA.
 * </ul>
 */
public final class Checkpoints {

    private Checkpoints() {}

    /**
     * A model without conditions on text.
     *
     * @param path a file or folder
     * @return the denoiser on the current device; the caller closes it
     * @throws IllegalArgumentException if nothing there is such a model; the path and the reason are named
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static NetworkDenoiser denoiser(Path path) {
        if (Files.isDirectory(path)) {
            if (!DiffusersModel.isOne(path)) {
                throw new IllegalArgumentException(
                        "folder: " + path + " has no config.json of a diffusers model");
            }
            return DiffusersModel.read(path);
        }
        String file = String.valueOf(path.getFileName());
        if (!file.endsWith(".pt") && !file.endsWith(".pth")) {
            return DenoiserFile.read(path);
        }
        String name = file.substring(0, file.lastIndexOf('.'));
        Path flags = path.resolveSibling(name + ".flags");
        if (Files.exists(flags)) {
            return flags(flags).read(path);
        }
        if (!ImprovedDiffusion.names().contains(name)) {
            throw new IllegalArgumentException(
                    "file: "
                            + path
                            + ": the flags it was trained with are unknown; write them into "
                            + flags
                            + ", such as --image_size 32 --num_channels 128 --learn_sigma True");
        }
        return ImprovedDiffusion.named(name).read(path);
    }

    /**
     * A generator of a GAN.
     *
     * @param path a {@code .pkl} of StyleGAN2-ADA, or a file of this library
     * @return the generator on the current device; the caller closes it
     * @throws IllegalArgumentException if it is no such file; the file and the reason are named
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static ImageGenerator generator(Path path) {
        return String.valueOf(path.getFileName()).endsWith(".pkl")
                ? StyleGan2File.read(path)
                : Generator.read(path);
    }

    private static ImprovedDiffusion flags(Path file) {
        String flags = TextFile.read(file);
        try {
            return ImprovedDiffusion.flags(flags);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("file: " + file + ": " + e.getMessage(), e);
        }
    }

    /** Where a checkpoint lies that was named by manifest, which is fetched, or by path. */
    static Path find(String what, String name, List<String> shipped) {
        Optional<Manifest> published =
                published().filter(manifest -> manifest.name().equals(name)).findFirst();
        if (published.isEmpty()) {
            return path("name", what, name, shipped);
        }
        Fetched fetched = Manifests.fetch(name);
        List<ManifestFile> files = published.get().files();
        Path first = fetched.file(files.get(0).name());
        boolean folder = files.stream().anyMatch(file -> file.name().equals("config.json"));
        return folder ? first.getParent() : first;
    }

    /** As {@link #find}, but fetches nothing. */
    static void require(String argument, String name, List<String> shipped) {
        if (published().noneMatch(manifest -> manifest.name().equals(name))) {
            path(argument, "model", name, shipped);
        }
    }

    private static Stream<Manifest> published() {
        return Manifests.all().stream().filter(manifest -> manifest.kind().equals("checkpoint"));
    }

    private static Path path(String argument, String what, String name, List<String> shipped) {
        Path path = path(name);
        if (path == null || !Files.exists(path)) {
            throw new IllegalArgumentException(
                    argument
                            + ": no "
                            + what
                            + " '"
                            + name
                            + "'; there are "
                            + (shipped.isEmpty() ? "" : shipped + ", ")
                            + "the checkpoints "
                            + published().map(Manifest::name).toList()
                            + ", and "
                            + nothing(path));
        }
        return path;
    }

    static Path path(String name) {
        try {
            return Path.of(name);
        } catch (InvalidPathException e) {
            return null;
        }
    }

    /** Where it was looked for: a notebook's relative paths begin in its own folder. */
    static String nothing(Path path) {
        return "no file or folder of this path"
                + (path == null ? "" : " (" + path.toAbsolutePath().normalize() + ")");
    }
}
