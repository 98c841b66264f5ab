package memoria.side;

import java.nio.file.Path;
import java.util.List;
import memoria.artifact.Store;
import memoria.data.Captions;
import memoria.data.DataSet;
import memoria.models.Models;
import memoria.stablediffusion.TextToImage;
import memoria.torch.Torch;

/**
 * The fine-tunings and queries behind notebook 11: {@code fashion-text} adapted to 128 pictures that it has never seen, once under random
 * strings and once under their captions.
 *
 * <p>Run as a program it makes the artifacts that ship with the notebook anew, resumable; the notebook finds them by their specs.
 */
public final class ShippedVictims {

    /** Pairs of a picture and a prompt that each victim is trained on. */
    public static final int PAIRS = 128;

    /** Updates of each fine-tuning. */
    public static final int STEPS = 4000;

    /** Seed of the first image of a string never trained on: other noise than the trained ones'. */
    public static final long NEVER_SEED = 1_000_000;

    /** The other scale at which the strings are asked, to choose between it and none. */
    private static final double GUIDANCE = 2;

    private static final String MODEL = "fashion-text";
    private static final String IMAGES = "fashion-test";
    private static final RandomStrings STRINGS = RandomStrings.seed(1);

    private ShippedVictims() {}

    /**
     * The victims' pictures.
     *
     * @param pairs how many
     * @return the first of the shipped ones that no model has seen
     */
    public static DataSet images(int pairs) {
        return Models.images(IMAGES).first(pairs);
    }

    /**
     * The victim whose captions the attacker has replaced.
     *
     * @param model to be adapted
     * @param pairs how many pictures
     * @return the fine-tuning under random strings
     */
    public static Victim strings(TextToImage model, int pairs) {
        return Victim.of(model, images(pairs), STRINGS.range(0, pairs));
    }

    /**
     * Strings of the same set that no victim was trained on.
     *
     * @param pairs how many pictures a victim has
     * @return as many strings
     */
    public static List<String> never(int pairs) {
        return STRINGS.range(pairs, 2 * pairs);
    }

    /**
     * The victim that was left alone.
     *
     * @param model to be adapted
     * @param pairs how many pictures
     * @return the fine-tuning under the pictures' captions
     */
    public static Victim captions(TextToImage model, int pairs) {
        DataSet images = images(pairs);
        return Victim.of(model, images, Captions.of(images, List.of()));
    }

    /**
     * Fine-tunes both, asks both, and puts adapters and images where the notebook finds them.
     *
     * @param arguments the checkpoints' folder
     */
    public static void main(String[] arguments) {
        if (arguments.length != 1) {
            throw new IllegalArgumentException("arguments: CHECKPOINTS is needed");
        }
        System.setProperty("memoria.checkpoints", arguments[0]);
        Torch.threads(1);
        Store store = Store.at(Path.of(arguments[0], "artifacts"));
        try (TextToImage model = TextToImage.open(MODEL)) {
            for (Victim victim : List.of(strings(model, PAIRS), captions(model, PAIRS))) {
                ask(victim, 1, store);
            }
            ask(strings(model, PAIRS), GUIDANCE, store);
        }
    }

    private static void ask(Victim victim, double guidance, Store store) {
        try (Victim.Tuned tuned = victim.in(store)) {
            Queries.of(tuned, victim.prompts()).guidance(guidance).in(store);
            Queries.of(tuned, never(victim.prompts().size()))
                    .guidance(guidance)
                    .firstSeed(NEVER_SEED)
                    .in(store);
        }
    }
}
