package memoria.similarity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import memoria.artifact.Store;
import memoria.data.Images;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scope;
import memoria.torch.Torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An encoder that sees the upper half of a picture finds neighbours; a descriptor that sees all of it ranks them. */
class RerankedSimilarityTest {

    private static final int COUNT = 40;

    @TempDir private Path folder;
    private Images train;
    private Descriptor encoder;
    private Descriptor copies;
    private Store store;

    @BeforeAll
    static void oneThread() {
        Torch.threads(1);
    }

    @BeforeEach
    void open() {
        train = uniform(1, COUNT);
        encoder =
                Descriptor.of(
                        "upper half",
                        Preprocessing.none(1),
                        x -> Ops.narrow(x.reshape(x.getShape().get(0), -1), 1, 0, 8));
        copies = Descriptor.correlation(1);
        store = Store.at(folder);
    }

    private static Images uniform(long seed, int count) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[count * 16];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextDouble(-1, 1);
        }
        return Images.of(values, count, 1, 4, 4);
    }

    private RerankedSimilarity reranked(int n) {
        NeighbourIndex index = NeighbourIndex.of(encoder, train, store);
        return RerankedSimilarity.against(copies, train, index, store).retrieved(n);
    }

    @Test
    void amongAllItIsTheExactMeasure() {
        Images queries = uniform(2, 7);
        DescriptorSimilarity exact = DescriptorSimilarity.against(copies, train);
        RerankedSimilarity all = reranked(COUNT);
        for (int i = 0; i < 7; i++) {
            Neighbour wanted = exact.nearest(queries).get(i);
            Neighbour found = all.nearest(queries).get(i);
            assertThat(found.index()).isEqualTo(wanted.index());
            assertThat(found.similarity()).isCloseTo(wanted.similarity(), within(1e-6));
        }
    }

    @Test
    void theMostAlikeOfThoseNamedCounts() {
        Images queries = uniform(3, 5);
        int[][] named = NeighbourIndex.of(encoder, train, store).nearest(queries, 4);
        Comparison found = reranked(4).compare(queries);
        double[][] cosine = new double[5][COUNT];
        Embeddings points = copies.of(train);
        Embeddings asked = copies.of(queries);
        for (int i = 0; i < 5; i++) {
            for (int j = 0; j < COUNT; j++) {
                for (int d = 0; d < 16; d++) {
                    cosine[i][j] += (double) asked.row(i)[d] * points.row(j)[d];
                }
            }
            double[] row = cosine[i];
            double best = IntStream.of(named[i]).mapToDouble(j -> row[j]).max().getAsDouble();
            assertThat(found.neighbours(i)).containsExactly(named[i]);
            assertThat(found.nearest().get(i).similarity()).isCloseTo(best, within(1e-6));
        }
    }

    @Test
    void gradientsLeadAwayFromWhatWasFound() {
        Images queries = uniform(4, 3);
        RerankedSimilarity measure = reranked(6);
        Comparison found = measure.compare(queries);
        Scope.run(
                () -> {
                    NDArray x = Autograd.leaf(queries.select(0, 2).tensor(Torch.manager()));
                    NDArray sigma = Autograd.on(() -> found.of(x, 0, 2));
                    assertThat(sigma.toFloatArray()[1])
                            .isCloseTo((float) found.nearest().get(2).similarity(), within(1e-5f));
                    NDArray ones = sigma.onesLike();
                    NDArray up = Ops.detach(Autograd.vjp(sigma, x, ones, false));
                    Images less = Images.from(Ops.axpby(1, Ops.detach(x), -0.05, up));
                    double[] after = measure.of(less);
                    assertThat(after[0]).isLessThan(found.nearest().get(0).similarity());
                    assertThat(after[1]).isLessThan(found.nearest().get(2).similarity());
                });
    }

    @Test
    void chosenImagesAreComparedWhateverTheIndexNames() {
        Images chosen = uniform(5, 2);
        RerankedSimilarity measure = reranked(3).always(chosen);
        Neighbour own = measure.nearest(chosen).get(1);
        assertThat(own.index()).isEqualTo(COUNT + 1);
        assertThat(own.similarity()).isCloseTo(1, within(1e-6));
        assertThat(measure.searched()).isEqualTo(COUNT);
        assertThat(measure.train().count()).isEqualTo(COUNT + 2);
        assertThat(measure.spec()).isNotEqualTo(reranked(3).spec());
        assertThat(measure.compare(chosen).neighbours(1)).hasSize(3);
    }

    @Test
    void aStoppedIndexGoesOnAndAFinishedOneIsOnlyRead() throws IOException {
        EmbeddingJob job = EmbeddingJob.of(encoder, train).shardSize(10);
        store.complete(job);
        List<Path> shards;
        try (Stream<Path> files = Files.list(store.folder(job.spec()))) {
            shards = files.filter(f -> f.toString().endsWith(".safetensors")).sorted().toList();
        }
        assertThat(shards).hasSize(4);
        Files.delete(shards.get(1));
        Files.write(shards.get(3), new byte[] {1, 2, 3});
        assertThat(store.complete(job).made()).isEqualTo(2);
        assertThat(store.complete(job).made()).isZero();
        Embeddings points = job.in(store);
        Embeddings fresh = encoder.of(train).unit();
        assertThat(points.rows(0, COUNT)).containsExactly(fresh.rows(0, COUNT));
    }

    @Test
    void aGraphIsBuiltOnceAndBelongsToItsPoints() throws IOException {
        Path graphs = folder.resolve("graphs");
        int[][] exact = NeighbourIndex.of(encoder, train, store).nearest(train, 3);
        try (NeighbourIndex graph = NeighbourIndex.of(encoder, train, store).graph(graphs)) {
            assertThat(graph.nearest(train, 3)).isDeepEqualTo(exact);
        }
        try (NeighbourIndex again = NeighbourIndex.of(encoder, train, store).graph(graphs);
                NeighbourIndex other =
                        NeighbourIndex.of(encoder, uniform(9, COUNT), store).graph(graphs)) {
            assertThat(again.nearest(train, 3)).isDeepEqualTo(exact);
            assertThat(other.nearest(uniform(9, 2), 1)).isDeepEqualTo(new int[][] {{0}, {1}});
        }
        try (Stream<Path> built = Files.list(graphs)) {
            assertThat(built).hasSize(2);
        }
    }

    @Test
    void whatDoesNotFitIsRefused() {
        NeighbourIndex index = NeighbourIndex.of(encoder, train, store);
        assertThatThrownBy(() -> RerankedSimilarity.against(copies, train.first(39), index, store))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("index: over 40 images, but there are 39");
        assertThatThrownBy(() -> reranked(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("n: 0 of 40");
        assertThatThrownBy(() -> EmbeddingJob.of(encoder, train).shardSize(0))
                .hasMessageContaining("size: 0");
        Images blank = Images.of(new float[16], 1, 1, 4, 4);
        assertThatThrownBy(() -> EmbeddingJob.of(encoder, blank).in(store))
                .hasMessageContaining("points: row 0 is zero");
    }
}
