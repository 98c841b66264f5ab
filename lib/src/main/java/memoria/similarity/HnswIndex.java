package memoria.similarity;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import memoria.progress.Progress;
import org.apache.lucene.codecs.KnnVectorsFormat;
import org.apache.lucene.codecs.lucene912.Lucene912Codec;
import org.apache.lucene.codecs.lucene99.Lucene99HnswVectorsFormat;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.KnnFloatVectorField;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.index.CodecReader;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexNotFoundException;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.ReaderUtil;
import org.apache.lucene.index.VectorSimilarityFunction;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.KnnFloatVectorQuery;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.store.FSDirectory;

/**
 * Approximate search by a graph of neighbours (Malkov and Yashunin, "Efficient and Robust Approximate Nearest Neighbor Search Using
 * Hierarchical Navigable Small World Graphs", 2020), kept in a folder by Lucene. What the graph gives, 1,000 candidates a query, is compared
 * exactly; so what is found has its true similarity, and is seldom not the most alike of all.
 */
public final class HnswIndex implements Search {

    /** Lucene's limit. */
    private static final int MOST_DIMENSIONS = 1024;

    private static final int CANDIDATES = 1000;
    private static final int CONNECTIONS = 32;
    private static final int BEAM = 200;
    private static final String VECTOR = "descriptor";
    private static final String PLACE = "place";
    private static final String COUNT = "count";
    private static final String DIMENSIONS = "dimensions";

    /** Held, or its level would be forgotten: Lucene warns in every process that it could use vector instructions. */
    private static final Logger LUCENE =
            Logger.getLogger("org.apache.lucene.internal.vectorization");

    static {
        LUCENE.setLevel(Level.SEVERE);
    }

    private final Path folder;
    private final Embeddings set;
    private final int candidates;
    private final DirectoryReader reader;

    private HnswIndex(Path folder, Embeddings set, int candidates, DirectoryReader reader) {
        this.folder = folder;
        this.set = set;
        this.candidates = candidates;
        this.reader = reader;
    }

    /**
     * Builds an index; one that was there is replaced when the new one is complete.
     *
     * @param folder where it is kept; made if missing
     * @param set points of length 1, of up to 1024 dimensions
     * @return the index, opened
     * @throws IllegalArgumentException if there are more dimensions
     * @throws UncheckedIOException if it cannot be written
     * @throws memoria.progress.Interrupted if the thread is interrupted; what was there stays
     */
    public static HnswIndex build(Path folder, Embeddings set) {
        if (set.dimensions() > MOST_DIMENSIONS) {
            throw new IllegalArgumentException(
                    "set: points of "
                            + set.dimensions()
                            + " dimensions; an index takes up to "
                            + MOST_DIMENSIONS);
        }
        IndexWriterConfig config =
                new IndexWriterConfig()
                        .setOpenMode(IndexWriterConfig.OpenMode.CREATE)
                        .setRAMBufferSizeMB(256)
                        .setCommitOnClose(false)
                        .setCodec(new Graphs());
        try (FSDirectory directory = FSDirectory.open(Files.createDirectories(folder));
                IndexWriter writer = new IndexWriter(directory, config);
                Progress progress = Progress.start("indexing descriptors", set.count())) {
            for (int place = 0; place < set.count(); place++) {
                Document point = new Document();
                point.add(
                        new KnnFloatVectorField(
                                VECTOR, set.row(place), VectorSimilarityFunction.DOT_PRODUCT));
                point.add(new NumericDocValuesField(PLACE, place));
                writer.addDocument(point);
                progress.at(place + 1);
                Progress.checkpoint();
            }
            // One graph over all points is searched better than several over parts of them.
            writer.forceMerge(1);
            writer.setLiveCommitData(
                    Map.of(
                                    COUNT,
                                    Integer.toString(set.count()),
                                    DIMENSIONS,
                                    Integer.toString(set.dimensions()))
                            .entrySet());
            writer.commit();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the index " + folder, e);
        }
        return open(folder, set);
    }

    /** Lucene's codec with larger neighbourhoods than its own. */
    private static final class Graphs extends org.apache.lucene.codecs.FilterCodec {
        private final KnnVectorsFormat graphs = new Lucene99HnswVectorsFormat(CONNECTIONS, BEAM);

        Graphs() {
            super("Lucene912", new Lucene912Codec());
        }

        @Override
        public KnnVectorsFormat knnVectorsFormat() {
            return new org.apache.lucene.codecs.perfield.PerFieldKnnVectorsFormat() {
                @Override
                public KnnVectorsFormat getKnnVectorsFormatForField(String field) {
                    return graphs;
                }
            };
        }
    }

    /**
     * Opens an index that {@link #build} made. Every byte is checked against its checksums first.
     *
     * @param folder where it is kept
     * @param set the points it was built from
     * @return the index
     * @throws IllegalArgumentException if there is no index, it is damaged, or it was built from other points; the folder and the reason are
     *     named
     */
    public static HnswIndex open(Path folder, Embeddings set) {
        if (!Files.isDirectory(folder)) {
            throw new IllegalArgumentException("folder: " + folder + " holds no index");
        }
        DirectoryReader reader = null;
        try {
            reader = DirectoryReader.open(FSDirectory.open(folder));
            Map<String, String> told = reader.getIndexCommit().getUserData();
            String points = told.get(COUNT) + " points of " + told.get(DIMENSIONS);
            String wanted = set.count() + " points of " + set.dimensions();
            if (!points.equals(wanted) || reader.numDocs() != set.count()) {
                throw new IllegalArgumentException(
                        "set: "
                                + wanted
                                + " dimensions, but the index "
                                + folder
                                + " was built from "
                                + points);
            }
            for (LeafReaderContext leaf : reader.leaves()) {
                ((CodecReader) leaf.reader()).checkIntegrity();
            }
            return new HnswIndex(folder, set, CANDIDATES, reader);
        } catch (IndexNotFoundException e) {
            throw new IllegalArgumentException("folder: " + folder + " holds no index", e);
        } catch (IOException | RuntimeException e) {
            close(reader);
            if (e instanceof IllegalArgumentException refused
                    && String.valueOf(e.getMessage()).startsWith("set:")) {
                throw refused;
            }
            throw new IllegalArgumentException(
                    "folder: "
                            + folder
                            + " holds a damaged index, build it again: "
                            + e.getMessage(),
                    e);
        }
    }

    private static void close(DirectoryReader reader) {
        try {
            if (reader != null) {
                reader.close();
                reader.directory().close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot close an index", e);
        }
    }

    /**
     * How many candidates of a query are compared exactly.
     *
     * @param count at least 1; 1,000 by default. Fewer is faster and misses the most alike more often
     * @return an index on the same files; close one of them
     * @throws IllegalArgumentException if it is below 1
     */
    public HnswIndex candidates(int count) {
        if (count < 1) {
            throw new IllegalArgumentException("count: " + count + " candidates; at least 1");
        }
        return new HnswIndex(folder, set, count, reader);
    }

    @Override
    public Embeddings set() {
        return set;
    }

    @Override
    public Found nearest(Embeddings queries, int k) {
        ExactSearch.requireFits(set, queries, k);
        int[][] index = new int[queries.count()][];
        double[][] similarity = new double[queries.count()][];
        int kept = Math.min(set.count(), Math.max(k, candidates));
        IndexSearcher searcher = new IndexSearcher(reader);
        for (int row = 0; row < queries.count(); row++) {
            Progress.checkpoint();
            float[] query = queries.row(row);
            int[] places = near(searcher, query, kept);
            ExactSearch.rank(set, query, places, k, row, index, similarity);
        }
        return new Found(index, similarity);
    }

    private int[] near(IndexSearcher searcher, float[] query, int kept) {
        try {
            ScoreDoc[] hits =
                    searcher.search(new KnnFloatVectorQuery(VECTOR, query, kept), kept).scoreDocs;
            int[] places = new int[hits.length];
            for (int i = 0; i < hits.length; i++) {
                places[i] = place(hits[i].doc);
            }
            return places;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot search the index " + folder, e);
        }
    }

    private int place(int document) throws IOException {
        var leaves = reader.leaves();
        LeafReaderContext leaf = leaves.get(ReaderUtil.subIndex(document, leaves));
        NumericDocValues places = leaf.reader().getNumericDocValues(PLACE);
        places.advanceExact(document - leaf.docBase);
        return (int) places.longValue();
    }

    /** Closes the files. */
    @Override
    public void close() {
        close(reader);
    }
}
