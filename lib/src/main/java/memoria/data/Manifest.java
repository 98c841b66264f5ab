package memoria.data;

import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import memoria.json.Json;
import memoria.json.JsonRecord;

/**
 * A published data set or checkpoint: where its files are, how they are recognised, their licence and terms, what they become on disk. One
 * JSON file each in {@code data-manifests}, whose {@code schema.json} says what each entry means; {@link Manifests} finds them.
 *
 * @param name file name of the manifest, and folder of the set in a data folder or cache
 * @param kind {@code data} or {@code checkpoint}
 * @param title its name in words
 * @param version the publisher's own, or the year or commit it is known by
 * @param url its home page
 * @param licence SPDX identifier, or words
 * @param licenceText the licence, where what is made from the files must carry it; else empty
 * @param attribution who holds the rights
 * @param terms what may be done with it
 * @param citation the paper
 * @param access how to get it
 * @param purpose what it is here for
 * @param notebooks whose {@code paper} profile needs it
 * @param folders where an operating system's package puts it
 * @param classNames name of class 0, 1, ...
 * @param files what is fetched
 * @param images pictures that are fetched one by one from a list among the files; null if there are none
 * @param subset the rule by which it is a part of another set; null if it is not
 * @param sources where the facts come from
 */
public record Manifest(
        String name,
        String kind,
        String title,
        String version,
        String url,
        String licence,
        String licenceText,
        String attribution,
        String terms,
        String citation,
        Access access,
        String purpose,
        List<String> notebooks,
        List<String> folders,
        List<String> classNames,
        List<ManifestFile> files,
        Listed images,
        Subset subset,
        List<Source> sources) {

    private static final String GZ = ".gz";

    /**
     * How to get it.
     *
     * @param kind {@code open}, {@code account} (the publisher may ask for a login) or {@code manual} (a person fetches some of it)
     * @param how what to do; empty if nothing needs to be said
     * @param token which variable holds a token for which server; null if none does
     */
    public record Access(String kind, String how, Token token) {}

    /**
     * A token is sent over https and to its own server alone.
     *
     * @param variable the environment variable that holds it
     * @param host the server
     */
    public record Token(String variable, String host) {}

    /**
     * Pictures in a list, each by its address or as the file itself, and their captions.
     *
     * @param list name of the list among the files
     * @param url field with the address; null if the pictures lie in the list
     * @param picture field with a picture's file, bytes or Hugging Face's struct of bytes and path; null if there are addresses
     * @param caption field with the caption
     * @param where only rows whose fields have these values; may be null
     * @param count how many rows are meant; null if nobody counted them
     */
    public record Listed(
            String list,
            String url,
            String picture,
            String caption,
            Map<String, String> where,
            Long count) {

        /**
         * Checks that there is one way to the pictures.
         *
         * @param list as in the record
         * @param url as in the record
         * @param picture as in the record
         * @param caption as in the record
         * @param where as in the record
         * @param count as in the record
         * @throws IllegalArgumentException if there are both url and picture, or neither
         */
        public Listed {
            if ((url == null) == (picture == null)) {
                throw new IllegalArgumentException(
                        "url, picture: '" + url + "', '" + picture + "'; legal is one of the two");
            }
        }
    }

    /**
     * A fact and who says so.
     *
     * @param fact which
     * @param from whose it is
     */
    public record Source(String fact, String from) {}

    /**
     * What it takes before anything is fetched.
     *
     * @param bytes to download, as far as known; a size that a page rounds counts as it stands there
     * @param unpacked more bytes on disk once archives are unpacked, at most
     * @param unknown names of files whose size nobody states
     */
    public record Size(long bytes, long unpacked, List<String> unknown) {
        /**
         * In words.
         *
         * @return such as {@code 4.3 GB} or {@code 2.1 MB and 1 file of unknown size}
         */
        @Override
        public String toString() {
            if (unknown.isEmpty()) {
                return Bytes.words(bytes);
            }
            String more =
                    unknown.size()
                            + (unknown.size() == 1 ? " file" : " files")
                            + " of unknown size";
            return bytes == 0 ? more : Bytes.words(bytes) + " and " + more;
        }
    }

    /**
     * Checks what a hand-written manifest may get wrong in a dangerous way.
     *
     * @param name as in the record
     * @param kind as in the record
     * @param title as in the record
     * @param version as in the record
     * @param url as in the record
     * @param licence as in the record
     * @param licenceText as in the record
     * @param attribution as in the record
     * @param terms as in the record
     * @param citation as in the record
     * @param access as in the record
     * @param purpose as in the record
     * @param notebooks as in the record
     * @param folders as in the record
     * @param classNames as in the record
     * @param files as in the record
     * @param images as in the record
     * @param subset as in the record
     * @param sources as in the record
     * @throws IllegalArgumentException if the name or a file's name could lead out of the cache
     */
    public Manifest {
        if (name == null || !name.matches("[a-z0-9]+([.-][a-z0-9]+)*")) {
            throw new IllegalArgumentException(
                    "name: '"
                            + name
                            + "'; legal are small letters, digits, and - or . between them");
        }
        licenceText = licenceText == null ? "" : licenceText;
        access = access == null ? new Access("open", "", null) : access;
        notebooks = some(notebooks);
        folders = some(folders);
        classNames = some(classNames);
        files = some(files);
        sources = some(sources);
    }

    private static <T> List<T> some(List<T> list) {
        return list == null ? List.of() : List.copyOf(list);
    }

    /**
     * Reads a manifest.
     *
     * @param text JSON that follows {@code schema.json}
     * @return the manifest
     * @throws IllegalArgumentException if an entry is missing or not legal
     */
    static Manifest parse(String text) {
        JsonObject json = Json.parse(text).getAsJsonObject();
        for (RecordComponent component : Manifest.class.getRecordComponents()) {
            if (!json.has(component.getName())) {
                json.add(component.getName(), JsonNull.INSTANCE);
            }
        }
        return JsonRecord.read(json, Manifest.class);
    }

    /**
     * What a fetch takes, from the manifest alone.
     *
     * @return bytes to download and to unpack; pictures that are fetched one by one are not counted
     */
    public Size size() {
        List<ManifestFile> wanted = files.stream().filter(f -> !f.optional()).toList();
        return new Size(
                wanted.stream().mapToLong(f -> f.likelyBytes().orElse(0)).sum(),
                wanted.stream().mapToLong(f -> f.unpack() == null ? 0 : f.unpack().atMost()).sum(),
                wanted.stream()
                        .filter(f -> f.likelyBytes().isEmpty())
                        .map(ManifestFile::name)
                        .toList());
    }

    /**
     * A file of the set.
     *
     * @param file its name
     * @return its entry
     * @throws IllegalArgumentException if there is none; the message lists those there are
     */
    public ManifestFile file(String file) {
        return files.stream()
                .filter(f -> f.name().equals(file))
                .findFirst()
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "file: "
                                                + name
                                                + " has no '"
                                                + file
                                                + "'; it has "
                                                + files.stream().map(ManifestFile::name).toList()));
    }

    /**
     * Where all files lie on this machine; nothing is read or downloaded.
     *
     * @return the first folder that has all, the cache last; empty if none has
     */
    public Optional<Path> folder() {
        return places().filter(
                        folder ->
                                (subset == null || Files.exists(folder.resolve(SubsetIndex.FILE)))
                                        && files.stream()
                                                .filter(f -> !f.optional())
                                                .allMatch(f -> f.in(folder).isPresent()))
                .findFirst();
    }

    /** Where files are looked for, the cache last. */
    Stream<Path> places() {
        List<Path> all = new ArrayList<>(Folders.data(name, folders));
        all.add(cached());
        return all.stream();
    }

    /** The set's own folder in the cache. */
    Path cached() {
        return Folders.cache().resolve(name);
    }

    /**
     * Finds a file on this machine, downloads it if it is nowhere, and checks its content.
     *
     * @param file name without .gz
     * @return the content
     * @throws IllegalArgumentException if a file found is damaged or has another content
     * @throws java.io.UncheckedIOException if it can be neither read nor downloaded
     */
    Idx idx(String file) {
        Path found = find(file);
        return Idx.of(found, content(file, found));
    }

    /**
     * As {@link #idx}, for a file of any format.
     *
     * @param file name without .gz
     * @return the content, unpacked
     */
    byte[] content(String file) {
        return content(file, find(file));
    }

    /**
     * The content of a copy of a file.
     *
     * @param file name without .gz
     * @param found the copy, gzipped or not
     * @return the content, unpacked
     * @throws IllegalArgumentException if the copy is damaged or has another content
     */
    byte[] content(String file, Path found) {
        byte[] content = Unpacked.bytes(found);
        String sha256 = Checksum.sha256(content);
        String wanted = file(file + GZ).contentSha256();
        if (!sha256.equals(wanted)) {
            throw new IllegalArgumentException(
                    "file: "
                            + found
                            + ": the checksum does not match: SHA-256 of the unpacked content is "
                            + sha256
                            + " instead of "
                            + wanted
                            + "; remove it, then it is looked for elsewhere or downloaded");
        }
        return content;
    }

    private Path find(String file) {
        Optional<Path> here =
                places().flatMap(
                                folder ->
                                        Stream.of(folder.resolve(file + GZ), folder.resolve(file)))
                        .filter(Files::isRegularFile)
                        .findFirst();
        return here.orElseGet(() -> Fetch.of(this).only(file + GZ).run().file(file + GZ));
    }

    Provenance provenance(String part, String checksum) {
        return new Provenance(
                title + " " + part, licence, attribution, url, checksum, List.of(), licenceText);
    }
}
