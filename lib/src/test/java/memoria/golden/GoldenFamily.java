package memoria.golden;

/** Compares the golden cases of one family with what the library computes. */
public interface GoldenFamily {

    /** Whether a case belongs to this family, by its name. */
    boolean serves(String caseName);

    /**
     * Checks every tensor of a case against the library, or declares it an input. Everything is built from the case's constants and
     * tensors; any tensor may be absent.
     */
    void compare(GoldenCase golden);
}
