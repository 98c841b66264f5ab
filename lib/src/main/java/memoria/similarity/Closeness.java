package memoria.similarity;

import ai.djl.ndarray.NDArray;
import com.google.gson.JsonObject;
import java.util.List;
import memoria.data.Images;
import memoria.torch.Scalars;

/** nL2 counted from 0: {@link NormalizedL2#closeness}. */
final class Closeness implements Similarity {

    private final NormalizedL2 nl2;
    private final double alpha;

    Closeness(NormalizedL2 nl2, double alpha) {
        this.nl2 = nl2;
        this.alpha = alpha;
    }

    @Override
    public Images train() {
        return nl2.train();
    }

    @Override
    public List<Neighbour> nearest(Images images) {
        return close(nl2.nearest(images));
    }

    private List<Neighbour> close(List<Neighbour> nearest) {
        return nearest.stream()
                .map(n -> new Neighbour(n.index(), n.distance(), 1 + alpha * n.similarity()))
                .toList();
    }

    @Override
    public NDArray of(NDArray x) {
        return close(nl2.of(x));
    }

    private NDArray close(NDArray measured) {
        return Scalars.add(Scalars.mul(measured, alpha), 1);
    }

    @Override
    public Comparison compare(Images images) {
        Comparison found = nl2.compare(images);
        List<Neighbour> nearest = close(found.nearest());
        return new Comparison() {
            @Override
            public List<Neighbour> nearest() {
                return nearest;
            }

            @Override
            public int[] neighbours(int row) {
                return found.neighbours(row);
            }

            @Override
            public NDArray of(NDArray x, int... rows) {
                return close(found.of(x, rows));
            }
        };
    }

    @Override
    public boolean positive() {
        return true;
    }

    @Override
    public JsonObject spec() {
        JsonObject spec = nl2.spec();
        boolean pixels = spec.get("kind").getAsString().equals("nl2");
        spec.addProperty("kind", pixels ? "closeness" : "closeness-standardized");
        return spec;
    }

    @Override
    public void close() {
        nl2.close();
    }
}
