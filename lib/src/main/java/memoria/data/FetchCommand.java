package memoria.data;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import memoria.progress.Interrupted;

/** What {@code environment/fetch} calls; its {@code --help} says what each argument does. */
final class FetchCommand {

    private static final int WRONG_USE = 2;

    private final PrintStream out;
    private final List<String> names = new ArrayList<>();
    private final List<String> notebooks = new ArrayList<>();
    private String command = "fetch";
    private boolean offline;
    private boolean again;
    private boolean keep;
    private boolean dry;
    private int images = -1;
    private final List<String> files = new ArrayList<>();

    private FetchCommand(PrintStream out) {
        this.out = out;
    }

    /** The arguments say nothing that can be done. */
    private static final class WrongUse extends RuntimeException {
        private static final long serialVersionUID = 1L;

        WrongUse(String message) {
            super(message);
        }
    }

    /**
     * Runs.
     *
     * @param args as {@code environment/fetch --help} says
     */
    public static void main(String[] args) {
        System.exit(new FetchCommand(System.out).run(args));
    }

    static int run(PrintStream out, String... args) {
        return new FetchCommand(out).run(args);
    }

    private int run(String... args) {
        try {
            read(new ArrayDeque<>(Arrays.asList(args)));
            return switch (command) {
                case "list" -> list();
                case "size" -> size();
                case "show" -> show();
                default -> fetch();
            };
        } catch (WrongUse e) {
            out.println("environment/fetch: " + e.getMessage());
            out.println("  see environment/fetch --help");
            return WRONG_USE;
        } catch (RuntimeException e) {
            out.println("environment/fetch: " + e.getMessage());
            return 1;
        }
    }

    private void read(Deque<String> args) {
        while (!args.isEmpty()) {
            String argument = args.pop();
            switch (argument) {
                case "list", "--list" -> command = "list";
                case "size", "--size" -> command = "size";
                case "show", "--show" -> command = "show";
                case "--offline" -> offline = true;
                case "--again" -> again = true;
                case "--keep" -> keep = true;
                case "--dry-run" -> dry = true;
                case "--images" -> images = count(value(argument, args));
                case "--file" -> files.add(value(argument, args));
                case "--for" -> notebooks.add(value(argument, args));
                default -> {
                    if (argument.startsWith("-")) {
                        throw new WrongUse("unknown option " + argument);
                    }
                    names.add(argument);
                }
            }
        }
    }

    private static String value(String option, Deque<String> args) {
        if (args.isEmpty()) {
            throw new WrongUse(option + " needs a value");
        }
        return args.pop();
    }

    private static int count(String value) {
        if (value.equals("all")) {
            return Integer.MAX_VALUE;
        }
        if (!value.matches("[0-9]{1,9}")) {
            throw new WrongUse("--images " + value + ": legal are a number and all");
        }
        return Integer.parseInt(value);
    }

    private List<Manifest> chosen() {
        List<Manifest> all = new ArrayList<>();
        for (String name : names) {
            try {
                all.add(Manifests.of(name));
            } catch (IllegalArgumentException e) {
                throw new WrongUse(e.getMessage());
            }
        }
        for (String notebook : notebooks) {
            String plain = Path.of(notebook).getFileName().toString().replace(".ipynb", "");
            List<Manifest> needed =
                    Manifests.all().stream()
                            .filter(
                                    m ->
                                            m.notebooks().stream()
                                                    .anyMatch(
                                                            n ->
                                                                    n.equals(plain)
                                                                            || n.startsWith(
                                                                                    plain + "-")))
                            .filter(m -> !all.contains(m))
                            .toList();
            if (needed.isEmpty()) {
                throw new WrongUse("--for " + notebook + ": no manifest names that notebook");
            }
            all.addAll(needed);
        }
        if (all.isEmpty()) {
            throw new WrongUse("nothing to do: name a set, or --for NOTEBOOK, list or size");
        }
        if (!files.isEmpty() && all.size() > 1) {
            throw new WrongUse("--file belongs to one set, not to " + all.size());
        }
        return all;
    }

    // ---------------------------------------------------------------- list, show, size
    private int list() {
        row("name", "kind", "size", "here", "notebooks");
        for (Manifest m : Manifests.all()) {
            String here =
                    m.folder().isPresent()
                            ? "yes"
                            : m.access().kind().equals("manual") ? "by hand" : "no";
            String size = m.files().isEmpty() ? "-" : brief(m);
            String needed =
                    m.notebooks().isEmpty()
                            ? "-"
                            : String.join(
                                    " ",
                                    m.notebooks().stream().map(n -> n.substring(0, 2)).toList());
            row(m.name(), m.kind(), size, here, needed);
        }
        return 0;
    }

    private static String brief(Manifest manifest) {
        Manifest.Size size = manifest.size();
        String more = size.unknown().isEmpty() ? "" : "+";
        String pictures = manifest.images() == null ? "" : ", pictures";
        return (size.bytes() == 0 ? "unknown" : Bytes.words(size.bytes()) + more) + pictures;
    }

    private void row(String name, String kind, String size, String here, String needed) {
        out.printf(Locale.ROOT, "%-26s%-12s%-20s%-9s%s%n", name, kind, size, here, needed);
    }

    private int show() {
        for (Manifest m : chosen()) {
            out.println(m.name() + ": " + m.title() + ", " + m.version());
            out.println("  " + m.purpose());
            out.println("  home      " + m.url());
            out.println("  licence   " + m.licence() + ". " + m.terms());
            out.println("  rights    " + m.attribution());
            out.println("  cite      " + m.citation());
            out.println("  access    " + (m.access().kind() + ". " + m.access().how()).strip());
            out.println(
                    "  folder    "
                            + m.folder().orElse(m.cached())
                            + (m.folder().isPresent() ? "" : ", not complete"));
            for (ManifestFile f : m.files()) {
                String size =
                        f.likelyBytes().isPresent()
                                ? Bytes.words(f.likelyBytes().getAsLong())
                                : "size unknown";
                out.println(
                        "  file      "
                                + f.name()
                                + ", "
                                + size
                                + ", "
                                + f.seal().words()
                                + (f.optional() ? ", optional" : ""));
                f.mirrors().forEach(mirror -> out.println("              " + mirror));
            }
            m.sources().forEach(s -> out.println("  source    " + s.fact() + ": " + s.from()));
        }
        return 0;
    }

    private int size() {
        long total = 0;
        for (CacheUse use : CacheUse.all()) {
            out.println("  " + use + (use.set() ? "" : "  (results, or another program's)"));
            total += use.bytes() + use.unfinished();
        }
        out.println(Folders.cache() + ": " + Bytes.words(total) + ", " + free() + " free");
        return 0;
    }

    private static String free() {
        Path there = Folders.cache().toAbsolutePath();
        while (!Files.exists(there)) {
            there = there.getParent();
        }
        try {
            return Bytes.words(Files.getFileStore(there).getUsableSpace());
        } catch (IOException e) {
            return "an unknown number of bytes";
        }
    }

    // ---------------------------------------------------------------- fetch
    private int fetch() {
        List<Manifest> all = chosen();
        for (Manifest m : all) {
            String state =
                    m.folder()
                            .map(f -> "here, " + f)
                            .orElse(m.files().isEmpty() ? "an index" : m.size() + " to fetch");
            out.println(
                    m.name()
                            + ": "
                            + m.title()
                            + ", "
                            + state
                            + ". "
                            + m.licence()
                            + ". "
                            + m.terms());
        }
        long bytes =
                all.stream()
                        .filter(m -> m.folder().isEmpty())
                        .mapToLong(m -> m.size().bytes())
                        .sum();
        out.println(
                "together: "
                        + Bytes.words(bytes)
                        + " to fetch, as far as sizes are known; cache: "
                        + Folders.cache()
                        + ", "
                        + free()
                        + " free");
        if (dry) {
            return 0;
        }
        int failed = 0;
        for (Manifest m : all) {
            failed += one(m) ? 0 : 1;
        }
        if (failed > 0) {
            out.println(failed + " of " + all.size() + " sets are not complete");
        }
        return failed > 0 ? 1 : 0;
    }

    private boolean one(Manifest manifest) {
        Fetch fetch = Fetch.of(manifest).say(out::println);
        if (offline) {
            fetch.offline();
        }
        if (again) {
            fetch.again();
        }
        if (keep) {
            fetch.keepArchives();
        }
        if (images >= 0) {
            fetch.images(images);
        }
        try {
            if (!files.isEmpty()) {
                fetch.only(files.toArray(String[]::new));
            }
            for (Map.Entry<String, Path> file : fetch.run().files().entrySet()) {
                out.println("  " + file.getKey() + ": " + file.getValue());
            }
            return true;
        } catch (Interrupted e) {
            throw e;
        } catch (RuntimeException e) {
            out.println(manifest.name() + ": " + e.getMessage());
            return false;
        }
    }
}
