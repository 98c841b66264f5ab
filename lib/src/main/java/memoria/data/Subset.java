package memoria.data;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A part of a set of images, chosen by a rule over their file names.
 *
 * @param of the set whose images it is a part of; null for its own
 * @param identities name of the file whose lines are a file name and an identity; null if the rule reads none
 * @param first rule: so many from the start, by file name; null if another rule holds
 * @param minimumPerIdentity rule: those of identities with at least so many images; null if another rule holds
 * @param images how many that makes
 * @param rule the rule in words, and whose it is
 */
public record Subset(
        String of,
        String identities,
        Long first,
        Integer minimumPerIdentity,
        long images,
        String rule) {

    /**
     * Applies the rule.
     *
     * @param identityOf every file of the set and its identity, which the rule {@code first} ignores
     * @return the chosen files, sorted by name
     * @throws IllegalArgumentException if another number comes out than {@link #images}
     */
    public List<String> select(Map<String, String> identityOf) {
        List<String> chosen;
        if (first != null) {
            chosen = identityOf.keySet().stream().sorted().limit(first).toList();
        } else {
            Map<String, Integer> count = new HashMap<>();
            identityOf.values().forEach(identity -> count.merge(identity, 1, Integer::sum));
            chosen =
                    identityOf.keySet().stream()
                            .filter(f -> count.get(identityOf.get(f)) >= minimumPerIdentity)
                            .sorted()
                            .toList();
        }
        if (chosen.size() != images) {
            throw new IllegalArgumentException(
                    "identityOf: the rule chooses "
                            + chosen.size()
                            + " images of "
                            + identityOf.size()
                            + " instead of "
                            + images
                            + ": "
                            + rule);
        }
        return chosen;
    }
}
