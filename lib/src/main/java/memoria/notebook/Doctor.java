package memoria.notebook;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.awt.GraphicsEnvironment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import memoria.data.CacheUse;
import memoria.data.FashionMnist;
import memoria.data.Folders;
import memoria.models.Models;
import memoria.torch.Torch;

/**
 * What only Java can tell of a machine: does the engine load and compute, on which device, are there fonts, data, models, a cache.
 *
 * <p>{@code java memoria.notebook.Doctor} prints a line for each, its parts separated by tabs: {@code ok}, {@code note} (works, worth
 * knowing) or {@code FAULT}, what it is about, what was found, what to do. {@code environment/doctor} calls it and makes it readable.
 */
final class Doctor {

    /** Below this a data set and a few runs' results do not fit. */
    private static final long SPACE = 1L << 30;

    private static final String NOTHING = "";

    private final Map<String, String> environment;
    private final Consumer<String> out;

    Doctor(Map<String, String> environment, Consumer<String> out) {
        this.environment = environment;
        this.out = out;
    }

    /**
     * Examines this process.
     *
     * @param args none
     */
    public static void main(String[] args) {
        new Doctor(System.getenv(), System.out::println).examine();
        System.exit(0);
    }

    void examine() {
        check("engine", this::engine);
        check("device", this::device);
        check("flavor", this::flavor);
        check("fonts", this::fonts);
        check("models", this::models);
        check("data", this::data);
        check("cache", this::cache);
    }

    /** One question to the machine. */
    private interface Question {
        void ask(String about) throws Exception;
    }

    /** Whatever goes wrong with one question must not silence the others. */
    private void check(String about, Question question) {
        try {
            question.ask(about);
        } catch (Exception | Error e) {
            say("FAULT", about, e.getClass().getSimpleName(), String.valueOf(e.getMessage()));
        }
    }

    private void say(String state, String about, String found, String remedy) {
        out.accept(String.join("\t", state, about, plain(found), plain(remedy)));
    }

    private static String plain(String text) {
        return text.replaceAll("\\s+", " ").strip();
    }

    private void engine(String about) {
        long start = System.nanoTime();
        try {
            String found = Torch.version() + ", " + Torch.threads() + " threads";
            double seconds = (System.nanoTime() - start) / 1e9;
            say(
                    "ok",
                    about,
                    String.format(Locale.ROOT, "%s, loads in %.1f s", found, seconds),
                    NOTHING);
        } catch (IllegalStateException e) {
            Throwable cause = e;
            while (cause.getCause() != null) {
                cause = cause.getCause();
            }
            say("FAULT", about, String.valueOf(cause.getMessage()), e.getMessage());
        }
    }

    private void device(String about) {
        try (NDManager manager = Torch.manager();
                NDArray ones = manager.ones(new Shape(2, 3));
                NDArray sum = ones.sum()) {
            float six = sum.getFloat();
            if (six == 6) {
                say("ok", about, Torch.device() + ", computes", NOTHING);
            } else {
                String remedy =
                        "delete the folder .djl.ai in your home, then environment/run setup";
                say("FAULT", about, Torch.device() + " adds six ones to " + six, remedy);
            }
        } catch (IllegalStateException e) {
            say("FAULT", about, "it cannot be used", e.getMessage());
        }
    }

    private void flavor(String about) {
        String flavor = environment.getOrDefault("PYTORCH_FLAVOR", "");
        String library = environment.getOrDefault("PYTORCH_LIBRARY_PATH", "");
        if (!library.isEmpty() && !Files.isDirectory(Path.of(library))) {
            say(
                    "FAULT",
                    about,
                    "PYTORCH_LIBRARY_PATH is " + library + ", which is no folder",
                    "set it to the lib folder of a PyTorch 2.7.1, or unset it");
        } else if (!library.isEmpty() && flavor.isEmpty()) {
            say(
                    "FAULT",
                    about,
                    "PYTORCH_LIBRARY_PATH is set without PYTORCH_FLAVOR",
                    "set PYTORCH_FLAVOR=cu128 and PYTORCH_VERSION=2.7.1 with it");
        } else if (flavor.isEmpty()) {
            say("ok", about, "what the build brought (PYTORCH_FLAVOR is not set)", NOTHING);
        } else {
            String from = library.isEmpty() ? "the engine's own download" : library;
            say("ok", about, flavor + " from " + from, NOTHING);
        }
    }

    private void fonts(String about) {
        if (Style.fontsWork()) {
            var fonts = GraphicsEnvironment.getLocalGraphicsEnvironment();
            say("ok", about, fonts.getAvailableFontFamilyNames().length + " families", NOTHING);
        } else {
            say(
                    "FAULT",
                    about,
                    "Java cannot draw text: charts appear as text",
                    "Debian, Ubuntu: apt-get install fontconfig fonts-dejavu-core");
        }
    }

    private void models(String about) {
        List<String> names = Models.names();
        if (names.isEmpty()) {
            say(
                    "FAULT",
                    about,
                    "none in " + Models.folder(),
                    "they are files of the repository: git checkout -- notebooks/checkpoints");
        } else {
            say("ok", about, String.join(", ", names), NOTHING);
        }
    }

    private void data(String about) {
        Optional<Path> folder = FashionMnist.folder();
        if (folder.isPresent()) {
            say("ok", about, "Fashion-MNIST in " + folder.get(), NOTHING);
        } else {
            say(
                    "note",
                    about,
                    "Fashion-MNIST is not here; the shipped subset is",
                    Folders.offline()
                            ? "MEMORIA_OFFLINE forbids to download it; set MEMORIA_DATA to a folder that has it"
                            : "it is downloaded when needed (30 MB) to " + Folders.cache());
        }
    }

    /** The sets in the cache and what they take; unfinished ones go on with the next fetch. */
    private static String held() {
        String sets =
                CacheUse.all().stream()
                        .filter(CacheUse::set)
                        .map(CacheUse::toString)
                        .collect(Collectors.joining(", "));
        return sets.isEmpty() ? "" : "; holds " + sets;
    }

    private void cache(String about) throws IOException {
        Path cache = Folders.cache().toAbsolutePath();
        Path there = cache;
        while (!Files.exists(there)) {
            there = there.getParent();
        }
        String remedy = "set MEMORIA_CACHE to a folder of yours with a few GB";
        if (!Files.isDirectory(there)) {
            say("FAULT", about, there + " is a file, not a folder", remedy);
            return;
        }
        long free = Files.getFileStore(there).getUsableSpace();
        String found = String.format(Locale.ROOT, "%s, %.1f GB free", cache, free / 1e9) + held();
        if (!Files.isWritable(there)) {
            say("FAULT", about, there + " cannot be written to", remedy);
        } else {
            say(free < SPACE ? "FAULT" : "ok", about, found, free < SPACE ? remedy : NOTHING);
        }
    }
}
