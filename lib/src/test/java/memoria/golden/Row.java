package memoria.golden;

import java.util.Locale;

/** One line of {@code golden.csv}: how one tensor of one case compares. */
public record Row(
        String caseName,
        String tensor,
        double maxAbsError,
        double maxRelError,
        String tolerance,
        Status status,
        String note) {

    /** What became of a tensor. */
    public enum Status {
        /** Every value is within the tolerance. */
        PASS("pass", false),
        /** Some value is not, or the shapes differ. */
        FAIL("FAIL", true),
        /** The family stopped with an exception. */
        ERROR("ERROR", true),
        /** The family neither compared it nor declared it an input. */
        UNUSED("NOT COMPARED", true),
        /** Read by the case, not computed by it. */
        INPUT("input", false),
        /** A file of the case is not in the directory. */
        NOT_RUN("not run", false),
        /** No family serves the case. */
        NOT_IMPLEMENTED("not implemented", false);

        private final String text;
        private final boolean miss;

        Status(String text, boolean miss) {
            this.text = text;
            this.miss = miss;
        }

        /** Whether the test must fail. */
        public boolean miss() {
            return miss;
        }
    }

    static Row of(String caseName, String tensor, Status status, String note) {
        return new Row(caseName, tensor, Double.NaN, Double.NaN, "", status, note);
    }

    /** The first line of the file. */
    public static String header() {
        return "case,tensor,max abs error,max rel error,tolerance,status,note";
    }

    /** This row as a line of the file. */
    public String csv() {
        return String.join(
                ",",
                caseName,
                tensor,
                number(maxAbsError),
                number(maxRelError),
                tolerance,
                status.text,
                note.replaceAll("[,\\s]+", " "));
    }

    private static String number(double value) {
        return Double.isNaN(value) ? "" : String.format(Locale.ROOT, "%.3g", value);
    }
}
