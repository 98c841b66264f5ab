package memoria.stablediffusion;

import static memoria.network.Params.Init.NORMAL;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import memoria.network.Params;
import memoria.torch.Ops;
import memoria.torch.Scope;

/**
 * CLIP's text encoder. Stable Diffusion conditions on what {@link #embed} gives: one vector per token, padding included, for the mask is
 * causal and knows no padding.
 */
public final class ClipText {

    private final ClipTextConfig config;
    private final Params params;
    private final NDArray tokens;
    private final NDArray positions;
    private final ClipBlocks blocks;
    private final List<NDArray> finalNorm = new ArrayList<>();
    private final NDArray projection;
    private final boolean transposed;

    /**
     * Builds the encoder on its parameters; further ones may be in the set.
     *
     * @param config the architecture
     * @param params fresh, or a checkpoint's
     * @param names the naming they follow
     * @throws IllegalArgumentException if a tensor is missing or of another shape; it is named
     */
    public ClipText(ClipTextConfig config, Params params, ClipNames names) {
        this.config = config;
        this.params = params;
        int width = config.width();
        ClipNames.Text own = names.text();
        tokens = params.get(own.tokens(), NORMAL, 0, config.vocabulary(), width);
        positions = params.get(own.positions(), NORMAL, 0, config.length(), width);
        blocks = new ClipBlocks(config.heads(), true);
        for (int i = 0; i < config.layers(); i++) {
            blocks.add(names.block(params.at(own.layer(i)), width, config.hidden()));
        }
        ClipNames.norm(params.at(own.finalNorm()), width, finalNorm);
        transposed = names.isTransposed();
        int f = config.features();
        projection = f == 0 ? null : names.projection(params, own.projection(), width, f);
    }

    /**
     * A vector per token: the last layer after the final normalisation, Hugging Face's {@code last_hidden_state}.
     *
     * @param ids int64 (N, L), L at most {@code config().length()}
     * @return (N, L, width)
     * @throws IllegalArgumentException if the rows are too long or an id is no token
     */
    public NDArray embed(NDArray ids) {
        return Scope.keep(() -> ClipBlocks.norm(last(ids), finalNorm));
    }

    /** The last layer before the final normalisation. */
    NDArray last(NDArray ids) {
        return blocks.consume(placed(vectors(ids)));
    }

    /** The tokens' own vectors, before any of them knows of another: (N, L, width). */
    NDArray vectors(NDArray ids) {
        check(ids);
        return Ops.embedding(tokens, ids);
    }

    private NDArray placed(NDArray vectors) {
        return vectors.add(Ops.narrow(positions, 0, 0, vectors.getShape().get(1)));
    }

    /** {@link #embed} from the tokens' own vectors, which are kept. */
    NDArray embedVectors(NDArray vectors) {
        return ClipBlocks.norm(blocks.consume(placed(vectors)), finalNorm);
    }

    /**
     * A vector per row in the space shared with images, not normalised: the embedding at the first end token, projected.
     *
     * @param ids int64 (N, L); the end token is the largest number of the row, as in CLIP's vocabulary
     * @return (N, features)
     * @throws IllegalArgumentException if the rows are too long or an id is no token
     * @throws IllegalStateException if the checkpoint has no projection
     */
    public NDArray features(NDArray ids) {
        if (projection == null) {
            throw new IllegalStateException(
                    "features: this text encoder has no projection into the space of images; Stable Diffusion's checkpoints leave it out");
        }
        return Scope.keep(() -> Ops.call("clip_pool", embed(ids), ids, projection, transposed));
    }

    private void check(NDArray ids) {
        Shape shape = ids.getShape();
        if (shape.dimension() != 2 || shape.get(1) < 1 || shape.get(1) > config.length()) {
            throw new IllegalArgumentException(
                    "ids: shape "
                            + shape
                            + "; rows of 1 to "
                            + config.length()
                            + " tokens are legal");
        }
        if (ids.getDataType() != DataType.INT64) {
            throw new IllegalArgumentException("ids: " + ids.getDataType() + " is not INT64");
        }
        for (long id : ids.toLongArray()) {
            if (id < 0 || id >= config.vocabulary()) {
                throw new IllegalArgumentException(
                        "ids: " + id + "; the tokens are 0 to " + (config.vocabulary() - 1));
            }
        }
    }

    /**
     * The architecture.
     *
     * @return the configuration
     */
    public ClipTextConfig config() {
        return config;
    }

    /**
     * The parameters it was built on.
     *
     * @return the set
     */
    public Params params() {
        return params;
    }
}
