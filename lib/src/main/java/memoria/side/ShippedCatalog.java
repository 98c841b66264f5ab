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
 * Surrogates#RARE}; classifiers {@code fashion-labels}, which knows no time, and TDKD's {@code mild-tdkd}, {@code rare-tdkd} and so on; {@code rare-tdkd@5.1} is
 * the latter with its classes merged into 5 by seed 1. Training
 * images are compared by nL2.
 */
public final class ShippedCatalog implements Catalog, AutoCloseable {

    /** The name of the exact target. */
    public static final String RARE = "rare-classes";

    private final Map<String, AutoCloseable> open = new HashMap<>();

    @Override
    public ModelId id(String name) {
        if (Models.names().contains(name)) {
            return Models.id(name);
        }
        if (!name.equals(RARE)) {
            String file = name.split("@")[0] + ".resnet";
            return new ModelId(name, Models.id(file).sha256());
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
                                                Models.images("fashion-train"),
                                                NoiseSchedule.linear(1000))
                                        : Models.denoiser(name));
    }

    @Override
    public Surrogate classifier(String name) {
        return (Surrogate)
                kept(
                        "classifier " + name,
                        () -> {
                            String[] merged = name.split("[@.]");
                            return merged.length == 3
                                    ? classifier(merged[0])
                                            .merged(
                                                    Integer.parseInt(merged[1]),
                                                    Long.parseLong(merged[2]))
                                    : Surrogate.of(id(name), Models.network(name));
                        });
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
