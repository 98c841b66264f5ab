package memoria.side;

import com.google.gson.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import memoria.artifact.ModelId;
import memoria.data.Checksum;
import memoria.data.DataSet;
import memoria.diffusion.Denoiser;
import memoria.diffusion.NoiseSchedule;
import memoria.models.Models;
import memoria.network.NetworkDenoiser;
import memoria.similarity.NormalizedL2;
import memoria.similarity.Similarity;
import memoria.training.Surrogates;

/**
 * The shipped models by name: targets {@code fashion-mild} and its like, and {@code rare-classes}, the exact target of {@link
 * Surrogates#RARE}; classifiers {@code fashion-labels}, which knows no time, and TDKD's {@code mild-tdkd} and {@code rare-tdkd}, held to it near t = 0 by an
 * {@link Anchor}; {@code rare-tdkd-student} is the distilled network alone, {@code rare-tdkd@5.1} has its classes merged into 5 by seed 1.
 * {@code rare-clusters} and {@code rare-random} learned other labels, which no shipped network without time knows: they have no anchor. Training
 * images are compared by nL2.
 */
public final class ShippedCatalog implements Catalog, AutoCloseable {

    /** The name of the exact target. */
    public static final String RARE = "rare-classes";

    private static final String TEACHER = "fashion-labels";
    private static final String DISTILLED = "-tdkd";
    private static final String ALONE = "-student";

    /** Every shipped target has this schedule. */
    private static final NoiseSchedule SCHEDULE = NoiseSchedule.linear(1000);

    private final Map<String, AutoCloseable> open = new HashMap<>();

    @Override
    public ModelId id(String name) {
        if (Models.names().contains(name)) {
            return Models.id(name);
        }
        if (!name.equals(RARE)) {
            return name.split("@")[0].endsWith(DISTILLED)
                    ? Anchor.of(SCHEDULE).id(file(name), file(TEACHER))
                    : file(name);
        }
        // Everything that decides an exact target: what it is made of and how.
        JsonObject made = Surrogates.RARE.toJson();
        made.addProperty("images", Models.images("fashion-train").sha256());
        return new ModelId(RARE, Checksum.sha256(made.toString().getBytes(StandardCharsets.UTF_8)));
    }

    @Override
    public Denoiser target(String name) {
        return (Denoiser)
                kept(
                        name,
                        () ->
                                name.equals(RARE)
                                        ? Surrogates.RARE.denoiser(
                                                Models.images("fashion-train"), SCHEDULE)
                                        : Models.denoiser(name));
    }

    @Override
    public Surrogate classifier(String name) {
        return (Surrogate)
                kept(
                        "classifier " + name,
                        () -> {
                            String[] merged = name.split("[@.]");
                            if (merged.length == 3) {
                                return classifier(merged[0])
                                        .merged(
                                                Integer.parseInt(merged[1]),
                                                Long.parseLong(merged[2]));
                            }
                            Surrogate network =
                                    Surrogate.of(file(name), Models.network(alone(name)));
                            return name.endsWith(DISTILLED)
                                    ? network.anchored(classifier(TEACHER), Anchor.of(SCHEDULE))
                                    : network;
                        });
    }

    /** A classifier's network by itself. */
    private static ModelId file(String name) {
        return new ModelId(name, Models.id(alone(name.split("@")[0]) + ".resnet").sha256());
    }

    private static String alone(String name) {
        return name.endsWith(DISTILLED + ALONE)
                ? name.substring(0, name.length() - ALONE.length())
                : name;
    }

    /**
     * The training images of a target.
     *
     * @param target its name
     * @return distinct images, their classes and how often each was shown
     */
    public DataSet train(String target) {
        return target.equals(RARE)
                ? Surrogates.RARE.train(Models.images("fashion-train"))
                : Models.trainingData((NetworkDenoiser) target(target));
    }

    @Override
    public Similarity measure(String target) {
        return (Similarity)
                kept("measure " + target, () -> NormalizedL2.against(train(target).distinct()));
    }

    private AutoCloseable kept(String key, Opened how) {
        AutoCloseable known = open.get(key);
        if (known == null) {
            known = how.open();
            open.put(key, known);
        }
        return known;
    }

    @FunctionalInterface
    private interface Opened {
        AutoCloseable open();
    }

    /** Frees every model that was opened. */
    @Override
    public void close() {
        for (AutoCloseable model : open.values()) {
            try {
                model.close();
            } catch (Exception e) {
                throw new IllegalStateException("a model could not be closed", e);
            }
        }
        open.clear();
    }
}
