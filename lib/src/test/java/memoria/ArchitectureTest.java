package memoria;

import static com.tngtech.archunit.lang.conditions.ArchConditions.dependOnClassesThat;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import memoria.progress.climber.Climber;
import memoria.similarity.Descriptor;
import memoria.similarity.Lpips;
import memoria.torch.Script;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The floors of the house: a package stands above what it imports, arrows only run down, never up or sideways. */
class ArchitectureTest {

    /** Ground floor first; the packages of one line share a floor. */
    private static final List<List<String>> FLOORS =
            List.of(
                    List.of("torch", "progress", "json"),
                    List.of("data"),
                    List.of("checkpoint"),
                    List.of("diffusion"),
                    List.of("network"),
                    List.of("artifact"),
                    List.of("models", "training"),
                    List.of("similarity"),
                    List.of("metrics"),
                    List.of("lid"),
                    List.of("stablediffusion"),
                    List.of("amg", "side"),
                    List.of("notebook"));

    /** Packages with a place but without a class so far. Whoever builds one takes it off this list. */
    private static final Set<String> PLANNED = Set.of();

    private static final JavaClasses MAIN =
            new ClassFileImporter()
                    .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                    .importPackages("memoria");

    private static final Map<String, Integer> FLOOR_OF = new LinkedHashMap<>();

    static {
        for (int floor = 0; floor < FLOORS.size(); floor++) {
            for (String name : FLOORS.get(floor)) {
                FLOOR_OF.put(name, floor);
            }
        }
    }

    static Stream<String> built() {
        return FLOOR_OF.keySet().stream().filter(name -> !PLANNED.contains(name));
    }

    /** {@code data} for {@code memoria.data.Images}; empty for a class of another house or of none of the packages. */
    private static String room(JavaClass type) {
        String[] parts = type.getPackageName().split("\\.");
        return parts.length > 1 && parts[0].equals("memoria") ? parts[1] : "";
    }

    private static ArchRule downwardOnly(String name) {
        int floor = FLOOR_OF.get(name);
        DescribedPredicate<JavaClass> upOrSideways =
                DescribedPredicate.describe(
                        "stand on floor " + floor + " or above, beside " + name,
                        type ->
                                !room(type).isEmpty()
                                        && !room(type).equals(name)
                                        && FLOOR_OF.getOrDefault(room(type), 99) >= floor);
        return noClasses()
                .that()
                .resideInAPackage("memoria." + name + "..")
                .should(dependOnClassesThat(upOrSideways))
                .as("memoria." + name + ", floor " + floor + ", imports lower floors only");
    }

    private static ArchRule engineOnlyInTorch() {
        return noClasses()
                .that()
                .resideOutsideOfPackage("memoria.torch..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("ai.djl.pytorch..");
    }

    /** A file of code gets in by doors that ask who vouches for it; a new one is written down here once it does. */
    private static ArchRule scriptsOnlyThroughTheirDoors() {
        return noClasses()
                .that()
                .resideOutsideOfPackage("memoria.torch..")
                .and()
                .doNotBelongToAnyOf(Descriptor.class, Lpips.class)
                .should()
                .callMethod(Script.class, "load", NDManager.class, Path.class);
    }

    @ParameterizedTest
    @MethodSource("built")
    void aPackageImportsLowerFloorsOnly(String name) {
        downwardOnly(name).check(MAIN);
    }

    @Test
    void onlyTorchKnowsTheEnginesOwnClasses() {
        engineOnlyInTorch().check(MAIN);
    }

    @Test
    void torchScriptIsOpenedOnlyWhereSomebodyVouchesForIt() {
        scriptsOnlyThroughTheirDoors().check(MAIN);
    }

    @Test
    void everyPackageHasAFloorAndEveryFloorItsPackages() {
        Set<String> found = new TreeSet<>();
        for (JavaClass type : MAIN) {
            if (!type.getSimpleName().equals("package-info")) {
                found.add(room(type));
            }
        }
        assertThat(found).containsExactlyInAnyOrderElementsOf(built().toList());
        assertThat(FLOOR_OF.keySet().containsAll(PLANNED)).isTrue();
    }

    @Test
    void theRulesWouldNoticeAPackageThatClimbs() {
        JavaClasses climber = new ClassFileImporter().importClasses(Climber.class);
        assertThatThrownBy(() -> downwardOnly("progress").check(climber))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("memoria.data.Images");
        assertThatThrownBy(() -> engineOnlyInTorch().check(climber))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("PtNDArray");
        assertThatThrownBy(() -> scriptsOnlyThroughTheirDoors().check(climber))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("Script.load");
        assertThatThrownBy(() -> downwardOnly("data").check(climber))
                .as("a rule that meets no class fails")
                .isInstanceOf(AssertionError.class);
    }
}
