package memoria.notebook;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import memoria.data.AtomicFile;
import memoria.data.Bytes;
import memoria.data.Folders;
import memoria.data.Manifest;
import memoria.data.Manifests;
import memoria.json.Json;
import memoria.torch.Torch;

/**
 * What the {@code paper} profile of notebooks would take, before anything is fetched or trained: which files are missing and how large they are,
 * whether the networks run here at full size, how long sampling lasts on this machine. {@code environment/run --profile paper --dry-run} starts
 * it. Nothing is downloaded.
 */
final class DryRun {

    /** What a notebook's parameters cell says of a number: quick, paper. */
    private static final Pattern COUNT =
            Pattern.compile("p\\.count\\(\"(\\w+)\",\\s*([\\d_]+)(?:,\\s*([\\d_]+))?");

    private static final Pattern CHECKPOINT =
            Pattern.compile("p\\.text\\(\"checkpoint\",\\s*\"[^\"]*\",\\s*\"([^\"]+)\"");

    private final Consumer<String> out;
    private final Map<String, List<FullSize.Tried>> tried = new LinkedHashMap<>();

    DryRun(Consumer<String> out) {
        this.out = out;
    }

    /**
     * Reports.
     *
     * @param notebooks files
     */
    public static void main(String[] notebooks) {
        DryRun run = new DryRun(System.out::println);
        List<Path> files = new ArrayList<>();
        for (String notebook : notebooks) {
            files.add(Path.of(notebook));
        }
        run.report(files);
        System.exit(0);
    }

    void report(List<Path> notebooks) {
        List<Manifest> all = Manifests.all();
        out.accept(
                "paper profile, dry run: "
                        + Torch.version()
                        + " on "
                        + Torch.device()
                        + ", "
                        + Torch.threads()
                        + " threads, "
                        + Bytes.words(FullSize.spare())
                        + " of memory free; nothing is fetched");
        out.accept(
                "  ran: a network was built at full size with random weights, and one input passed through it");
        out.accept("  shapes checked: the same without memory for the weights");
        Map<String, Manifest> wanted = new LinkedHashMap<>();
        for (Path notebook : notebooks) {
            String name = String.valueOf(notebook.getFileName()).replace(".ipynb", "");
            List<Manifest> needs = all.stream().filter(m -> m.notebooks().contains(name)).toList();
            needs.forEach(m -> wanted.put(m.name(), m));
            notebook(name, notebook, needs);
        }
        Manifest.Size together = missing(wanted.values());
        Path cache = existing(Folders.cache());
        long free = cache.toFile().getUsableSpace();
        out.accept("");
        out.accept(
                "together: "
                        + room(together)
                        + "; "
                        + Bytes.words(free)
                        + " free in "
                        + Folders.cache()
                        + (free < together.bytes() + together.unpacked()
                                ? ": NOT ENOUGH, MEMORIA_CACHE names another folder"
                                : ""));
    }

    /** What is not here of these. */
    private static Manifest.Size missing(Collection<Manifest> manifests) {
        List<Manifest.Size> sizes =
                manifests.stream().filter(m -> m.folder().isEmpty()).map(Manifest::size).toList();
        return new Manifest.Size(
                sizes.stream().mapToLong(Manifest.Size::bytes).sum(),
                sizes.stream().mapToLong(Manifest.Size::unpacked).sum(),
                sizes.stream().flatMap(size -> size.unknown().stream()).toList());
    }

    private static String room(Manifest.Size size) {
        String disk = Bytes.words(size.bytes() + size.unpacked());
        return size + " to fetch, up to " + disk + " on disk";
    }

    private void notebook(String name, Path file, List<Manifest> needs) {
        out.accept("");
        List<String> lines = new ArrayList<>();
        List<String> missing = new ArrayList<>();
        long parameters = 0;
        long features = 0;
        double perImage = 0;
        boolean checked = false;
        boolean ran = needs.isEmpty();
        String sampled = checkpoint(file);
        for (Manifest manifest : needs) {
            boolean here = manifest.folder().isPresent();
            if (!here) {
                missing.add(manifest.name());
            }
            lines.add(
                    String.format(
                            Locale.ROOT,
                            "  %-10s %-26s %s",
                            manifest.kind(),
                            manifest.name(),
                            here ? "here" : toFetch(manifest)));
            List<FullSize> networks = FullSize.of(manifest.name());
            List<FullSize.Tried> results = attempts(manifest.name(), networks);
            for (int i = 0; i < results.size(); i++) {
                FullSize.Tried t = results.get(i);
                parameters += t.parameters();
                features = Math.max(features, t.features());
                ran |= t.state().equals("ran");
                checked |= t.state().equals("shapes checked");
                if (manifest.name().equals(sampled) && i == 0) {
                    perImage = t.seconds();
                }
                lines.add(result(networks.get(i), t));
            }
            if (manifest.kind().equals("checkpoint") && networks.isEmpty()) {
                lines.add("             not built: its network is in its file");
            }
        }
        String state = checked ? "shapes checked" : ran ? "ran" : "not run";
        out.accept(
                name
                        + ": "
                        + (needs.isEmpty() ? "needs nothing from elsewhere" : "networks " + state));
        lines.forEach(out);
        time(name, file, sampled, perImage).ifPresent(out);
        if (parameters > 0) {
            out.accept(
                    "  memory     "
                            + Bytes.words(parameters * Float.BYTES + features)
                            + " for the networks and one image in the largest of them; gradients and batches take more");
        }
        if (!missing.isEmpty()) {
            out.accept("  disk       " + room(missing(needs)));
            out.accept(
                    "  missing    "
                            + String.join(", ", missing)
                            + ": environment/fetch --for "
                            + name);
        }
    }

    private static String toFetch(Manifest manifest) {
        Manifest.Size size = manifest.size();
        String unpacked =
                size.unpacked() == 0 ? "" : ", up to " + Bytes.words(size.unpacked()) + " unpacked";
        String how =
                switch (manifest.access().kind()) {
                    case "manual" -> "; a person has to fetch some of it";
                    case "account" -> "; the server may ask for an account";
                    default -> "";
                };
        boolean inside = manifest.subset() != null && manifest.subset().of() != null;
        String part = inside ? " (a part of " + manifest.subset().of() + ")" : "";
        return size + unpacked + " to fetch" + part + how;
    }

    private static String result(FullSize network, FullSize.Tried t) {
        return String.format(
                Locale.ROOT,
                "             %s: %s, %.1f million parameters, %s; one pass of %s %.0f ms",
                network.part(),
                t.state(),
                t.parameters() / 1e6,
                Bytes.words(t.parameters() * Float.BYTES),
                network.input(),
                1000 * t.seconds());
    }

    /** A network of several notebooks, or checkpoints, is tried once. */
    private List<FullSize.Tried> attempts(String checkpoint, List<FullSize> networks) {
        // Parameters, a copy while they are made, and the features of one image.
        return tried.computeIfAbsent(
                FullSize.architecture(checkpoint),
                any -> networks.stream().map(n -> n.attempt(FullSize.spare() / 4)).toList());
    }

    /** What the published model's UNet does is what lasts, at what one pass of one image took here. */
    private static Optional<String> time(
            String notebook, Path file, String sampled, double perImage) {
        if (perImage == 0) {
            return Optional.empty();
        }
        return work(notebook, file)
                .map(
                        work ->
                                String.format(
                                        Locale.ROOT,
                                        "  time       %s here, one image at a time: %s; %,.0f passes of the UNet of %s",
                                        words(perImage * work.passes()),
                                        work.what(),
                                        work.passes(),
                                        sampled));
    }

    /** What a notebook asks of its published model, by its parameters in this profile. */
    static Optional<PaperWork> work(String notebook, Path file) {
        Map<String, Integer> counts = counts(file);
        return PaperWork.of(
                notebook,
                name -> {
                    if (!counts.containsKey(name)) {
                        throw new IllegalStateException(
                                notebook + ": it has no parameter '" + name + "'");
                    }
                    return counts.get(name);
                });
    }

    private static String words(double seconds) {
        if (seconds < 120) {
            return Math.round(seconds) + " s";
        }
        return seconds < 7200
                ? Math.round(seconds / 60) + " min"
                : seconds < 2 * 86400
                        ? Math.round(seconds / 3600) + " h"
                        : Math.round(seconds / 86400) + " days";
    }

    /** What the notebook's parameters are in this profile, with what was set from outside. */
    private static Map<String, Integer> counts(Path file) {
        Parameters parameters = Parameters.of("dry-run");
        boolean paper = parameters.profile() == Profile.PAPER;
        Map<String, Integer> counts = new LinkedHashMap<>();
        Matcher found = COUNT.matcher(code(file));
        while (found.find()) {
            String which = paper && found.group(3) != null ? found.group(3) : found.group(2);
            int value = Integer.parseInt(which.replace("_", ""));
            if (!counts.containsKey(found.group(1))) {
                counts.put(found.group(1), parameters.count(found.group(1), value));
            }
        }
        return counts;
    }

    private static String checkpoint(Path file) {
        Matcher found = CHECKPOINT.matcher(code(file));
        return found.find() ? found.group(1) : "";
    }

    private static String code(Path file) {
        try {
            JsonObject notebook = Json.parse(Files.readString(file)).getAsJsonObject();
            return Json.elements(notebook.getAsJsonArray("cells"))
                    .map(JsonElement::getAsJsonObject)
                    .filter(cell -> cell.get("cell_type").getAsString().equals("code"))
                    .map(cell -> cell.get("source"))
                    .map(
                            source ->
                                    source.isJsonArray()
                                            ? Json.elements(source.getAsJsonArray())
                                                    .map(JsonElement::getAsString)
                                                    .collect(Collectors.joining())
                                            : source.getAsString())
                    .collect(Collectors.joining("\n"));
        } catch (IOException e) {
            throw AtomicFile.failure("read", file, e);
        }
    }

    private static Path existing(Path folder) {
        Path at = folder.toAbsolutePath();
        while (at.getParent() != null && !Files.exists(at)) {
            at = at.getParent();
        }
        return at;
    }
}
