package memoria.side;

import memoria.artifact.ModelId;
import memoria.diffusion.Denoiser;
import memoria.similarity.Similarity;

/**
 * What the names in an {@link Extraction}'s spec stand for on this machine. Asked when the first missing shard is made, and again for every
 * shard: whoever answers keeps what is expensive.
 */
public interface Catalog {

    /**
     * Which model a name means here; its checksum decides whether a spec can be worked on.
     *
     * @param name of a target or a classifier
     * @return name and checksum
     * @throws IllegalArgumentException if there is no such model
     */
    ModelId id(String name);

    /**
     * An unconditional model under attack.
     *
     * @param name of the target
     * @return the model; it stays the catalog's
     * @throws IllegalArgumentException if there is no such model
     */
    Denoiser target(String name);

    /**
     * A classifier.
     *
     * @param name of the classifier
     * @return the surrogate condition; it stays the catalog's
     * @throws IllegalArgumentException if there is no such classifier
     */
    Surrogate classifier(String name);

    /**
     * How generated images are compared with the target's distinct training images.
     *
     * @param target name of the target
     * @return the measure; it stays the catalog's
     * @throws IllegalArgumentException if there is no such model
     */
    Similarity measure(String target);
}
