package memoria.similarity;

/** Finds, for descriptors of length 1, those of a set with the largest product: the most alike by cosine. */
public interface Search extends AutoCloseable {

    /**
     * The most alike points of several queries.
     *
     * @param index one row per query: places in the set, most alike first
     * @param similarity cosines, computed in double precision
     */
    record Found(int[][] index, double[][] similarity) {}

    /**
     * The points searched.
     *
     * @return the set
     */
    Embeddings set();

    /**
     * The k most alike points of each query.
     *
     * @param queries of the set's dimension
     * @param k 1 to the size of the set
     * @return one row per query
     * @throws IllegalArgumentException if k is out of range or the dimensions differ
     * @throws memoria.progress.Interrupted if the thread is interrupted
     */
    Found nearest(Embeddings queries, int k);

    /** Frees what the search holds outside the Java heap. */
    @Override
    void close();
}
