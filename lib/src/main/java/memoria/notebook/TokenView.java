package memoria.notebook;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import memoria.stablediffusion.Attribution;

/** Prompts with their tokens coloured by weight: the darker, the more of the prompt's attribution lies on the token. */
final class TokenView {

    /** Okabe and Ito's vermilion, as everywhere for what is memorized. */
    private static final String COLOUR = "213,94,0";

    private TokenView() {}

    static Displayable of(String title, List<Attribution> attributions) {
        StringBuilder html =
                new StringBuilder("<div style=\"line-height:2\"><b>")
                        .append(Html.escape(title))
                        .append("</b>");
        StringBuilder text = new StringBuilder(title);
        for (Attribution a : attributions) {
            double[] shares = a.shares();
            double most = Arrays.stream(shares).max().orElse(1);
            html.append("<br>");
            for (int i = 0; i < shares.length; i++) {
                html.append(span(a.tokens().get(i), shares[i], most));
            }
            text.append("\n  ")
                    .append(
                            IntStream.range(0, shares.length)
                                    .mapToObj(i -> a.tokens().get(i) + " " + percent(shares[i]))
                                    .collect(Collectors.joining(" | ")));
        }
        return Displayable.of("text/html", html.append("</div>").toString(), text.toString());
    }

    /** The largest share of a prompt has the full colour. */
    private static String span(String token, double share, double most) {
        return String.format(
                Locale.ROOT,
                "<span title=\"%s\" style=\"background:rgba(%s,%.2f);padding:2px 4px;margin:1px;border-radius:3px\">%s</span>",
                percent(share),
                COLOUR,
                0.9 * share / most,
                Html.escape(token));
    }

    private static String percent(double share) {
        return Math.round(100 * share) + "%";
    }
}
