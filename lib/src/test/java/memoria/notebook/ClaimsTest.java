package memoria.notebook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClaimsTest {

    private final String before = System.getProperty("memoria.root");

    @AfterEach
    void restore() {
        if (before == null) {
            System.clearProperty("memoria.root");
        } else {
            System.setProperty("memoria.root", before);
        }
    }

    private static Claims claims(Profile profile) {
        return Claims.of("test-claims", profile)
                .claim("heavy copies", "12% > 1%", 0.125, 0.11, 0.14, true)
                .claim("AUC above 0.9", "0.99", 0.75, false)
                .claim("same order", "A < B", "B < A", false)
                .notRun("FID holds", "3.9", "needs <Inception>");
    }

    @Test
    void oneOutputHoldsTableTextAndJson() {
        Map<String, Object> forms = claims(Profile.QUICK).bundle();
        assertThat(forms).containsOnlyKeys("text/html", "text/plain", Claims.MIME);
        assertThat((String) forms.get("text/html"))
                .contains("0.1250 [0.1100, 0.1400]", "does not hold", "needs &lt;Inception&gt;");
        @SuppressWarnings("unchecked")
        var json = (Map<String, Object>) forms.get(Claims.MIME);
        assertThat(json).containsEntry("notebook", "test-claims").containsEntry("profile", "quick");
        assertThat((List<?>) json.get("claims"))
                .first()
                .isEqualTo(
                        Map.of(
                                "claim", "heavy copies",
                                "paper", "12% > 1%",
                                "measured", 0.125,
                                "interval", List.of(0.11, 0.14),
                                "verdict", "holds"));
        assertThat(claims(Profile.QUICK).verdicts().values())
                .containsExactly(
                        Verdict.HOLDS,
                        Verdict.DOES_NOT_HOLD,
                        Verdict.DOES_NOT_HOLD,
                        Verdict.NOT_RUN);
    }

    @Test
    void theSmokeProfileClaimsNothing() {
        assertThat(claims(Profile.SMOKE).verdicts().values()).containsOnly(Verdict.NOT_RUN);
        assertThat((String) claims(Profile.SMOKE).bundle().get("text/plain"))
                .contains("too small for any verdict")
                .doesNotContain("holds\n");
    }

    @Test
    void thePapersRowHasAVerdictAtThePapersCountOnly() {
        Claims claims =
                Claims.of("rows", Profile.PAPER)
                        .atPapersCount("absent", "0", "needs a model", 0, 100, true)
                        .atPapersCount("fewer", "0", "1%", 99, 100, true)
                        .atPapersCount("enough", "0", "0%", 100, 100, true)
                        .atPapersCount("enough and wrong", "0", "1%", 200, 100, false);
        assertThat(claims.verdicts())
                .containsEntry("absent", Verdict.NOT_RUN)
                .containsEntry("fewer", Verdict.NOT_RUN)
                .containsEntry("enough", Verdict.HOLDS)
                .containsEntry("enough and wrong", Verdict.DOES_NOT_HOLD);
        assertThat(claims.bundle().toString())
                .contains("1% (ran at reduced counts, 99 of 100 images: not comparable)")
                .doesNotContain("needs a model (");
        assertThatThrownBy(() -> claims.atPapersCount("x", "0", "1%", -1, 100, true))
                .hasMessageContaining("count, papers: -1, 100");
    }

    @Test
    void verdictsAreComparedWithTheCommittedOnes(@TempDir Path root) throws IOException {
        System.setProperty("memoria.root", root.toString());
        assertThat(text()).doesNotContain("expected");
        Path file =
                Files.createDirectories(root.resolve("notebooks"))
                        .resolve("test-claims.verdicts.json");
        Files.writeString(
                file,
                "{\"heavy copies\": \"holds\", \"AUC above 0.9\": \"holds\", \"gone\": \"holds\","
                        + " \"FID holds\": \"not run\"}");
        assertThat(text().lines())
                .anyMatch(l -> l.startsWith("heavy copies") && l.endsWith("as expected"))
                .anyMatch(l -> l.startsWith("AUC above 0.9") && l.endsWith("changed, was: holds"))
                .anyMatch(l -> l.startsWith("same order") && l.endsWith("new claim"))
                .contains("Expected, but not in this table: gone")
                .anyMatch(l -> l.contains("test-claims.verdicts.json becomes: {"));

        String becomes = text().substring(text().indexOf("becomes: ") + "becomes: ".length());
        Files.writeString(file, becomes);
        assertThat(text()).doesNotContain("changed", "new claim", "becomes", "not in this table");
    }

    @Test
    void badClaimsAndFilesAreNamed(@TempDir Path root) throws IOException {
        assertThatThrownBy(() -> claims(Profile.QUICK).notRun("FID holds", "", ""))
                .hasMessageContaining("FID holds");
        assertThatThrownBy(() -> Claims.of("x").claim("c", "p", 1, 2, 1, true))
                .hasMessageContaining("interval");
        System.setProperty("memoria.root", root.toString());
        Files.writeString(root.resolve("test-claims.verdicts.json"), "[1]");
        assertThatThrownBy(ClaimsTest::text)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("test-claims.verdicts.json");
    }

    private static String text() {
        return (String) claims(Profile.QUICK).bundle().get("text/plain");
    }
}
