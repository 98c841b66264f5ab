package memoria.side;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import memoria.artifact.Labels;
import memoria.artifact.Store;
import memoria.data.DataSet;
import memoria.diffusion.Seeds;
import memoria.metrics.Matches;
import memoria.models.Models;
import memoria.models.Subject;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SubjectCatalogTest {

    @TempDir Path folder;

    @BeforeEach
    void ownCache() {
        System.setProperty("memoria.cache", folder.resolve("cache").toString());
    }

    @AfterEach
    void usersCache() {
        System.clearProperty("memoria.cache");
    }

    private static Subject subject() {
        DataSet train = Models.images("fashion-train").first(120);
        return new Subject(
                Models.denoiser("fashion-clean"),
                Models.id("fashion-clean"),
                train,
                Models.images("fashion-test").first(60));
    }

    @Test
    void theStudentIsTrainedOnceAndGuidesAnExtraction() {
        Store store = Store.at(folder.resolve("store"));
        Extraction random =
                Extraction.of(SubjectCatalog.TARGET, Seeds.range(0, 4)).steps(2).shardSize(4);
        Extraction guided = random.guidedBy(SubjectCatalog.TDKD, Labels.seedModulo(10), 5);
        String student;
        float[] first;
        try (Subject s = subject();
                SubjectCatalog catalog = new SubjectCatalog(s, store, 2, 4, 8)) {
            Matches without = random.in(store, catalog).matches();
            assertThat(without.count()).isEqualTo(4);
            Extraction.Result with = guided.in(store, catalog);
            first = with.images().all();
            assertThat(first).isNotEqualTo(random.in(store, catalog).images().all());
            assertThat(catalog.classifier(SubjectCatalog.TDKD).timeDependent()).isTrue();
            student = catalog.id(SubjectCatalog.TDKD).sha256();
        }
        try (Subject s = subject();
                SubjectCatalog again = new SubjectCatalog(s, store, 2, 4, 8)) {
            assertThat(again.id(SubjectCatalog.TDKD).sha256()).isEqualTo(student);
            assertThat(guided.in(store, again).images().all()).containsExactly(first);
        }
    }

    @Test
    void badArgumentsAreNamed() {
        Store store = Store.at(folder.resolve("store"));
        try (Subject s = subject()) {
            assertThatThrownBy(() -> new SubjectCatalog(s, store, 0, 4, 8))
                    .hasMessageContaining("steps: 0");
            assertThatThrownBy(() -> new SubjectCatalog(s, store, 2, 4, 7))
                    .hasMessageContaining("width: 7");
            try (SubjectCatalog catalog = new SubjectCatalog(s, store, 2, 4, 8)) {
                assertThatThrownBy(() -> catalog.target("nobody")).hasMessageContaining("'nobody'");
            }
        }
    }
}
