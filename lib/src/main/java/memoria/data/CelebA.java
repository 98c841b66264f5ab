package memoria.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * CelebA (Liu, Luo, Wang and Tang 2015), aligned: 202,599 faces of 178x218 pixels with 10,177 identities, and the subsets that SIDE's
 * experiments use. The pictures are under CelebA's own agreement and must be asked for; this class reads a folder that has them.
 *
 * <pre>{@code
 * var faces  = CelebA.aligned(folder);                                        // the class is the identity
 * var f25000 = faces.first(25_000).read(CelebA.centre(64)).set();             // CelebA-25000
 * var hq     = CelebA.hqFaceIdentity(folder).read(Framing.square(128)).set(); // CelebA-HQ-FI, 5,478 faces of 307 identities
 * }</pre>
 *
 * <p>SIDE does not say which 25,000 faces it took, nor how they were cut: the first ones, and diffusers' centred square of the aligned picture
 * ({@link #centre}) are our choice. {@link #face} is the tighter cut of most diffusion papers.
 */
public final class CelebA {

    private static final String IMAGES = "img_align_celeba";
    private static final String IDENTITIES = "identity_CelebA.txt";
    private static final String PARTITION = "list_eval_partition";
    private static final String HQ_IMAGES = "CelebA-HQ-img";
    private static final String HQ_IDENTITIES = "CelebA-HQ-identity.txt";

    /** An identity of the HQ subset has at least so many faces. */
    private static final int HQ_LEAST = 15;

    /** CelebA's own division, by identity. */
    public enum Part {
        /** 162,770 faces. */
        TRAIN,
        /** 19,867 faces. */
        VALIDATION,
        /** 19,962 faces. */
        TEST
    }

    private CelebA() {}

    /**
     * All aligned faces.
     *
     * @param folder with {@code img_align_celeba} and {@code identity_CelebA.txt}, the latter also in its subfolder {@code Anno}
     * @return the faces in the order of the list; the class is the identity
     * @throws IllegalArgumentException if the folder lacks something, or the list is damaged; folder or file is named
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public static Pictures aligned(Path folder) {
        return pictures(folder, IDENTITIES, IMAGES, "CelebA, aligned");
    }

    /**
     * The aligned faces of one part.
     *
     * @param folder as for {@link #aligned(Path)}, with {@code list_eval_partition.txt} (or {@code .csv}), also in its subfolder {@code Eval}
     * @param part which
     * @return the faces in the order of the list of identities
     * @throws IllegalArgumentException if the folder lacks something, or a list is damaged; folder or file is named
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public static Pictures aligned(Path folder, Part part) {
        Pictures all = aligned(folder);
        Path list = find(folder, List.of(PARTITION + ".txt", PARTITION + ".csv"));
        Map<String, String> parts = NameList.read(list);
        parts.forEach(
                (name, value) -> {
                    if (!Set.of("0", "1", "2").contains(value)) {
                        throw new IllegalArgumentException(
                                "file: "
                                        + list
                                        + ": '"
                                        + name
                                        + "' is of part '"
                                        + value
                                        + "'; 0, 1 and 2 are legal");
                    }
                });
        Set<String> chosen =
                parts.entrySet().stream()
                        .filter(e -> e.getValue().equals(String.valueOf(part.ordinal())))
                        .map(Map.Entry::getKey)
                        .collect(Collectors.toSet());
        return all.named(chosen, "part " + part);
    }

    /**
     * CelebA-HQ face identity: the faces of CelebA-HQ whose identity has at least 15 of them, 5,478 of 307 identities.
     *
     * @param folder with {@code CelebA-HQ-img} and {@code CelebA-HQ-identity.txt}
     * @return the faces in the order of the list; the class is the identity
     * @throws IllegalArgumentException if the folder lacks something, or the list is damaged; folder or file is named
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public static Pictures hqFaceIdentity(Path folder) {
        return pictures(folder, HQ_IDENTITIES, HQ_IMAGES, "CelebA-HQ face identity")
                .ofClassesWithAtLeast(HQ_LEAST);
    }

    /**
     * The largest centred square of an aligned face, 178x178, as diffusers' training scripts cut it.
     *
     * @param size height and width of the images
     * @return the framing
     */
    public static Framing centre(int size) {
        return Framing.square(size);
    }

    /**
     * The face alone: the 128x128 pixels around column 89 and row 121, as the code of DDIM and many after it cuts aligned faces.
     *
     * @param size height and width of the images
     * @return the framing
     */
    public static Framing face(int size) {
        return Framing.square(size).cutout(25, 57, 128, 128);
    }

    private static Pictures pictures(Path folder, String identities, String images, String title) {
        Path list = find(folder, List.of(identities));
        Map<String, String> labels = new LinkedHashMap<>();
        NameList.read(list)
                .forEach(
                        (name, identity) -> {
                            if (!identity.matches("\\d{1,9}")) {
                                throw new IllegalArgumentException(
                                        "file: "
                                                + list
                                                + ": '"
                                                + name
                                                + "' has the identity '"
                                                + identity
                                                + "'; a number is legal");
                            }
                            labels.put(name, identity);
                        });
        // Some archives hold the folder of images inside a folder of that name.
        Path home =
                Stream.of(folder.resolve(images).resolve(images), folder.resolve(images))
                        .filter(Files::isDirectory)
                        .findFirst()
                        .orElseThrow(() -> lacks(folder, images));
        return Pictures.of(
                list,
                home,
                labels,
                new Provenance(
                        title,
                        "CelebA agreement (non-commercial research)",
                        "Multimedia Laboratory, The Chinese University of Hong Kong",
                        "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
                        "",
                        List.of(),
                        ""));
    }

    private static Path find(Path folder, List<String> names) {
        List<Path> places = new ArrayList<>();
        for (String name : names) {
            places.add(folder.resolve(name));
            places.add(folder.resolve("Anno").resolve(name));
            places.add(folder.resolve("Eval").resolve(name));
        }
        Optional<Path> found = places.stream().filter(Files::isRegularFile).findFirst();
        return found.orElseThrow(() -> lacks(folder, names.get(0)));
    }

    private static IllegalArgumentException lacks(Path folder, String name) {
        return new IllegalArgumentException(
                "folder: "
                        + folder
                        + " lacks "
                        + name
                        + "; CelebA must be asked for at its home page");
    }
}
