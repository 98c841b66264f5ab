package memoria.notebook;

import org.apache.commons.math3.stat.descriptive.rank.Percentile;

/** Samples in words, for places where no picture is shown. */
final class Words {

    private Words() {}

    /**
     * A sample in one line.
     *
     * @param values at least one
     * @return its size, median, and the range that holds nine tenths of it
     */
    static String of(double[] values) {
        Percentile p = new Percentile();
        p.setData(values);
        double[] marks = {p.evaluate(50), p.evaluate(5), p.evaluate(95)};
        var format = Numbers.formatter(marks);
        return "n = "
                + values.length
                + ", median "
                + format.apply(marks[0])
                + ", 5% to 95%: "
                + format.apply(marks[1])
                + " to "
                + format.apply(marks[2]);
    }
}
