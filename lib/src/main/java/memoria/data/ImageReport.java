package memoria.data;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What came of a list of pictures. What is gone is named, and an experiment goes on with what is here.
 *
 * @param folder where the pictures lie, with {@code metadata.jsonl} (file name, caption, address) and {@code gone.csv}
 * @param listed how many were wanted
 * @param here how many are on this machine
 * @param gone those that are not, with the reason
 */
public record ImageReport(Path folder, int listed, int here, List<Gone> gone) {

    /**
     * A picture that did not come.
     *
     * @param row its row in the list, from 0
     * @param url its address
     * @param reason what the server said
     * @param forGood whether asking again is pointless: the server is gone, or says that the picture is
     */
    public record Gone(int row, String url, String reason, boolean forGood) {}

    /**
     * In words.
     *
     * @return such as {@code 412 of 500 pictures are here; gone: 70 HTTP status 404, 18 no such server, or no network}
     */
    @Override
    public String toString() {
        String here = this.here + " of " + listed + " pictures are here in " + folder;
        if (gone.isEmpty()) {
            return here;
        }
        Map<String, Long> reasons =
                gone.stream()
                        .collect(
                                Collectors.groupingBy(
                                        Gone::reason, LinkedHashMap::new, Collectors.counting()));
        return here
                + "; gone: "
                + reasons.entrySet().stream()
                        .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                        .map(e -> e.getValue() + " " + e.getKey())
                        .collect(Collectors.joining(", "));
    }
}
