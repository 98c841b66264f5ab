package memoria.data;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import memoria.progress.Progress;

/**
 * Takes pictures out of the rows of a file, such as Hugging Face's Parquet, into the set's folder, where they are files like those of an
 * {@link ImageList}. What is there already stays as it is.
 */
final class RowPictures {

    private final Path file;
    private final Manifest.Listed listed;
    private final Path folder;

    /**
     * The pictures of a file.
     *
     * @param file what {@link TextRows} reads with bytes in its rows
     * @param listed which fields and rows
     * @param folder where they go, into {@code images}
     */
    RowPictures(Path file, Manifest.Listed listed, Path folder) {
        this.file = file;
        this.listed = listed;
        this.folder = folder;
    }

    /**
     * Takes them out.
     *
     * @param atMost how many, spread over the rows and always the same ones
     * @return what is here, and rows without a picture that can be read
     * @throws IllegalArgumentException naming the file if it is damaged, or has no such rows and fields
     * @throws IllegalStateException if it is a Parquet file, and nothing on the class path reads those
     * @throws java.io.UncheckedIOException if it cannot be read, or the disk refuses
     */
    ImageReport unpack(int atMost) {
        ImageRows.requireReader(file, "");
        boolean[] chosen = chosen(count(), atMost);
        int wanted = (int) IntStream.range(0, chosen.length).filter(i -> chosen[i]).count();
        ImageFolder kept = new ImageFolder(folder);
        List<ImageReport.Gone> gone = new ArrayList<>();
        ImageRows.Meant meant = new ImageRows.Meant(file, listed);
        int[] at = {0};
        try (Progress progress = Progress.start("unpacking pictures", chosen.length)) {
            read(
                    (row, bytes) -> {
                        Progress.checkpoint();
                        if (!meant.test(row)) {
                            return;
                        }
                        int number = at[0]++;
                        String caption = meant.caption(row);
                        if (chosen[number]) {
                            String from = file.getFileName() + " row " + number;
                            save(number, bytes.get(listed.picture()))
                                    .ifPresentOrElse(
                                            picture -> kept.add(picture, caption, from),
                                            () -> gone.add(lost(number, from)));
                        }
                        progress.at(at[0]);
                    });
        }
        meant.requireAll();
        kept.write(gone);
        return new ImageReport(folder, wanted, wanted - gone.size(), gone);
    }

    private static ImageReport.Gone lost(int number, String from) {
        return new ImageReport.Gone(number, from, "no picture", true);
    }

    /** How many rows are meant; a file without any picture is another one. */
    private int count() {
        ImageRows.Meant meant = new ImageRows.Meant(file, listed);
        int[] count = {0};
        Map<String, Integer> fields = new HashMap<>();
        read(
                (row, bytes) -> {
                    count[0] += meant.test(row) ? 1 : 0;
                    bytes.keySet().forEach(name -> fields.merge(name, 1, Integer::sum));
                });
        if (!fields.containsKey(listed.picture())) {
            throw new IllegalArgumentException(
                    "file: "
                            + file
                            + " has no row with bytes under '"
                            + listed.picture()
                            + "'; it has bytes under "
                            + fields.keySet());
        }
        return count[0];
    }

    private void read(BiConsumer<Map<String, List<String>>, Map<String, byte[]>> sink) {
        TextRows.read(
                file,
                new TextRows.Sink() {
                    @Override
                    public void row(Map<String, List<String>> row) {
                        row(row, Map.of());
                    }

                    @Override
                    public void row(Map<String, List<String>> row, Map<String, byte[]> bytes) {
                        sink.accept(row, bytes);
                    }
                });
    }

    private static boolean[] chosen(int count, int atMost) {
        boolean[] chosen = new boolean[count];
        IntStream.range(0, count)
                .boxed()
                .collect(Collectors.toMap(i -> i, RowPictures::lot))
                .entrySet()
                .stream()
                .sorted(Map.Entry.comparingByValue(Comparator.naturalOrder()))
                .limit(atMost)
                .forEach(entry -> chosen[entry.getKey()] = true);
        return chosen;
    }

    private static String lot(int row) {
        return Checksum.sha256(("row " + row).getBytes(StandardCharsets.US_ASCII));
    }

    /** The file of a picture under its row and the beginning of its checksum; nothing if the bytes are no picture. */
    private Optional<Path> save(int number, byte[] picture) {
        if (picture == null) {
            return Optional.empty();
        }
        Optional<String> suffix = PictureFormat.suffix(picture);
        Optional<Path> target =
                suffix.map(
                        ending ->
                                folder.resolve(ImageFolder.PICTURES)
                                        .resolve(
                                                String.format(
                                                        "%08d-%s%s",
                                                        number,
                                                        Checksum.sha256(picture).substring(0, 8),
                                                        ending)));
        target.filter(path -> !Files.exists(path))
                .ifPresent(path -> AtomicFile.write(path, out -> out.write(picture)));
        return target;
    }
}
