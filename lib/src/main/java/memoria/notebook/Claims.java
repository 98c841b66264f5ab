package memoria.notebook;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The table at the end of a notebook: what the papers claim, their numbers, what was measured here, and a verdict that is computed.
 *
 * <pre>{@code
 * Claims.of("00-quickstart")
 *         .claim("the heavy model copies", "nL2 > -1.4: 12%", share, interval.low(), interval.high(), share > null1)
 *         .notRun("FID does not suffer", "3.9 to 4.1", "needs the Inception network")
 *         .show();
 * }</pre>
 *
 * <p>The verdicts that a notebook is expected to reach in the quick profile are committed beside it in {@code NAME.verdicts.json}; the table
 * says which verdicts are as expected. In the smoke profile nothing is claimed: every verdict reads {@code not run}.
 */
public final class Claims implements Displayable {

    /** The MIME type under which programs find the verdicts in an executed notebook. */
    public static final String MIME = "application/vnd.memoria.claims+json";

    private record Claim(
            String claim, String paper, Object measured, double[] interval, Verdict verdict) {

        String measuredText() {
            if (!(measured instanceof Double value)) {
                return measured.toString();
            }
            if (interval == null) {
                return Numbers.format(value);
            }
            var format = Numbers.formatter(new double[] {value, interval[0], interval[1]});
            return format.apply(value)
                    + " ["
                    + format.apply(interval[0])
                    + ", "
                    + format.apply(interval[1])
                    + "]";
        }
    }

    private final String notebook;
    private final Profile profile;
    private final List<Claim> claims = new ArrayList<>();

    private Claims(String notebook, Profile profile) {
        this.notebook = notebook;
        this.profile = profile;
    }

    /**
     * The claims of a notebook in the current profile.
     *
     * @param notebook its file name without extension
     * @return no claims yet
     */
    public static Claims of(String notebook) {
        return of(notebook, Profile.current());
    }

    static Claims of(String notebook, Profile profile) {
        return new Claims(notebook, profile);
    }

    /**
     * A claim about a number known to lie in an interval.
     *
     * @param claim the claim, one sentence; it names the claim in the file of expected verdicts
     * @param paper the paper's number, in words
     * @param measured the number measured here
     * @param low the interval's lower end
     * @param high the interval's upper end
     * @param holds whether the claim holds, computed
     * @return this
     * @throws IllegalArgumentException if the claim is there already or the interval is upside down
     */
    public Claims claim(
            String claim, String paper, double measured, double low, double high, boolean holds) {
        if (low > high) {
            throw new IllegalArgumentException("interval: [" + low + ", " + high + "] of " + claim);
        }
        return add(claim, paper, measured, new double[] {low, high}, holds);
    }

    /**
     * A claim about a number.
     *
     * @param claim the claim, one sentence
     * @param paper the paper's number, in words
     * @param measured the number measured here
     * @param holds whether the claim holds, computed
     * @return this
     * @throws IllegalArgumentException if the claim is there already
     */
    public Claims claim(String claim, String paper, double measured, boolean holds) {
        return add(claim, paper, measured, null, holds);
    }

    /**
     * A claim about more than a number.
     *
     * @param claim the claim, one sentence
     * @param paper the paper's finding, in words
     * @param measured what was found here, in words
     * @param holds whether the claim holds, computed
     * @return this
     * @throws IllegalArgumentException if the claim is there already
     */
    public Claims claim(String claim, String paper, String measured, boolean holds) {
        return add(claim, paper, measured, null, holds);
    }

    /**
     * A claim that this notebook does not measure.
     *
     * @param claim the claim, one sentence
     * @param paper the paper's number or finding, in words
     * @param why what it would need
     * @return this
     * @throws IllegalArgumentException if the claim is there already
     */
    public Claims notRun(String claim, String paper, String why) {
        return add(new Claim(claim, paper, why, null, Verdict.NOT_RUN));
    }

    /**
     * A claim about the paper's own experiment, compared with its number only where as much was done as there.
     *
     * @param claim the claim, one sentence
     * @param paper the paper's number, in words
     * @param measured what was found here, or why nothing was, in words
     * @param count how many images were made with the paper's model and data; 0 if it did not run, or with others
     * @param papers how many the paper made, at least 1
     * @param holds whether the claim holds, computed; counts only where the paper's count is reached
     * @return this
     * @throws IllegalArgumentException if the claim is there already or a count is out of range
     */
    public Claims atPapersCount(
            String claim, String paper, String measured, int count, int papers, boolean holds) {
        if (count < 0 || papers < 1) {
            throw new IllegalArgumentException(
                    "count, papers: "
                            + count
                            + ", "
                            + papers
                            + "; legal are 0 or more, and 1 or more");
        }
        if (count >= papers) {
            return claim(claim, paper, measured, holds);
        }
        String reduced =
                String.format(
                        Locale.ROOT,
                        " (ran at reduced counts, %,d of %,d images: not comparable)",
                        count,
                        papers);
        return notRun(claim, paper, count == 0 ? measured : measured + reduced);
    }

    private Claims add(
            String claim, String paper, Object measured, double[] interval, boolean holds) {
        Verdict verdict =
                profile == Profile.SMOKE
                        ? Verdict.NOT_RUN
                        : holds ? Verdict.HOLDS : Verdict.DOES_NOT_HOLD;
        return add(new Claim(claim, paper, measured, interval, verdict));
    }

    private Claims add(Claim claim) {
        if (claim.claim.isBlank() || claims.stream().anyMatch(c -> c.claim.equals(claim.claim))) {
            throw new IllegalArgumentException(
                    "claim: '" + claim.claim + "' is blank or there already");
        }
        claims.add(claim);
        return this;
    }

    /**
     * The verdicts so far.
     *
     * @return claim to verdict, in order
     */
    public Map<String, Verdict> verdicts() {
        Map<String, Verdict> verdicts = new LinkedHashMap<>();
        claims.forEach(c -> verdicts.put(c.claim, c.verdict));
        return verdicts;
    }

    /** Shows the table; programs find the same as JSON in the same output. */
    public void show() {
        Show.show(this);
    }

    @Override
    public Map<String, Object> bundle() {
        TableView view = table();
        Map<String, Object> forms = new LinkedHashMap<>();
        forms.put("text/html", view.html());
        forms.put("text/plain", view.text());
        forms.put(MIME, json());
        return forms;
    }

    private Map<String, Object> json() {
        List<Map<String, Object>> rows = new ArrayList<>();
        for (Claim c : claims) {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("claim", c.claim);
            row.put("paper", c.paper);
            row.put("measured", c.measured instanceof Double d ? finite(d) : c.measured);
            row.put(
                    "interval",
                    c.interval == null
                            ? List.of()
                            : Arrays.asList(finite(c.interval[0]), finite(c.interval[1])));
            row.put("verdict", c.verdict.toString());
            rows.add(row);
        }
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("notebook", notebook);
        json.put("profile", profile.toString());
        json.put("claims", rows);
        return json;
    }

    /** JSON has no word for infinity. */
    private static Object finite(double value) {
        return Double.isFinite(value) ? value : String.valueOf(value);
    }

    private TableView table() {
        Verdicts known = profile == Profile.QUICK ? Verdicts.of(notebook) : null;
        List<String> headers =
                new ArrayList<>(List.of("claim", "paper", "measured here", "verdict"));
        if (known != null) {
            headers.add("expected");
        }
        TableView view =
                new TableView(
                        "Claims, profile " + profile,
                        headers,
                        headers.stream().map(h -> false).toList());
        for (Claim c : claims) {
            List<String> cells =
                    new ArrayList<>(
                            List.of(c.claim, c.paper, c.measuredText(), c.verdict.toString()));
            if (known != null) {
                cells.add(comparison(known.expected().get(c.claim), c.verdict));
            }
            List<String> html = new ArrayList<>(cells.stream().map(Html::escape).toList());
            html.set(3, "<b style=\"color:" + color(c.verdict) + "\">" + html.get(3) + "</b>");
            if (known != null && !html.get(4).equals(AS_EXPECTED)) {
                html.set(4, "<b>" + html.get(4) + "</b>");
            }
            view.row(cells, html);
        }
        if (profile == Profile.SMOKE) {
            view.note("Smoke profile: the counts are too small for any verdict.");
        }
        if (known != null) {
            compare(known, view);
        }
        return view;
    }

    private static final String AS_EXPECTED = "as expected";

    private static String comparison(String expected, Verdict verdict) {
        return expected == null
                ? "new claim"
                : expected.equals(verdict.toString()) ? AS_EXPECTED : "changed, was: " + expected;
    }

    private static String color(Verdict verdict) {
        return switch (verdict) {
            case HOLDS -> "#007A57";
            case DOES_NOT_HOLD -> "#B04A00";
            case NOT_RUN -> "#767676";
        };
    }

    private void compare(Verdicts known, TableView view) {
        Map<String, String> now = new LinkedHashMap<>();
        claims.forEach(c -> now.put(c.claim, c.verdict.toString()));
        for (String claim : known.expected().keySet()) {
            if (!now.containsKey(claim)) {
                view.note("Expected, but not in this table: " + claim);
            }
        }
        if (!now.equals(known.expected())) {
            view.note(
                    "If the new verdicts are right, "
                            + known.file().getFileName()
                            + " becomes: "
                            + Verdicts.json(now));
        }
    }
}
