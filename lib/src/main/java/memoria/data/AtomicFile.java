package memoria.data;

import java.io.FileNotFoundException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Files that are whole or not there. The content goes to a temporary file in the same folder, is forced to the disk and then renamed, so a
 * killed process, a full disk or a second writer leaves the old file as it was. Writing is not disturbed by an interrupt of the thread:
 * what an interrupted loop keeps is written after the interrupt.
 */
public final class AtomicFile {

    private static final AtomicLong COUNTER = new AtomicLong();

    /** Writes the content of a file. */
    @FunctionalInterface
    public interface Body {
        /**
         * Writes everything.
         *
         * @param out buffered by whoever writes in small pieces; closed by the caller
         * @throws IOException if the disk refuses
         */
        void writeTo(OutputStream out) throws IOException;
    }

    private AtomicFile() {}

    /**
     * Writes a file, replacing an older one. Missing folders are made.
     *
     * @param file where to
     * @param body its content
     * @throws UncheckedIOException naming the file and the reason if the folder cannot be written or the disk is full; an older file is
     *     then still there, unchanged
     */
    public static void write(Path file, Body body) {
        Path folder = file.toAbsolutePath().getParent();
        String unique = ProcessHandle.current().pid() + "-" + COUNTER.incrementAndGet();
        Path temporary = folder.resolve("." + file.getFileName() + "." + unique + ".tmp");
        try {
            Files.createDirectories(folder);
            // A plain stream, not a channel: an interrupt closes channels in the middle of a write.
            try (FileOutputStream out = new FileOutputStream(temporary.toFile())) {
                body.writeTo(out);
                out.flush();
                out.getFD().sync();
            }
            move(temporary, file);
        } catch (FileNotFoundException e) {
            // The folder is there, so the system's own reason counts: no permission, a read-only
            // disk.
            throw new UncheckedIOException("Cannot write " + file + ": " + e.getMessage(), e);
        } catch (IOException e) {
            throw failure("write", file, e);
        } finally {
            delete(temporary);
        }
    }

    static void move(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private static void delete(Path temporary) {
        try {
            Files.deleteIfExists(temporary);
        } catch (IOException e) {
            // The file that matters is written, or its own error is on the way up.
            temporary.toFile().deleteOnExit();
        }
    }

    /**
     * An error of the file system in plain words.
     *
     * @param action what was tried: {@code read}, {@code write}
     * @param file the file
     * @param e what the file system said
     * @return an exception whose message names the file and the reason
     */
    public static UncheckedIOException failure(String action, Path file, IOException e) {
        String reason = String.valueOf(e.getMessage());
        if (e instanceof NoSuchFileException || e instanceof FileNotFoundException) {
            reason = Files.exists(file) ? reason : "there is no such file or folder";
        } else if (e instanceof AccessDeniedException) {
            reason = "permission denied for " + reason;
        } else if (e instanceof FileAlreadyExistsException) {
            reason = e.getMessage() + " is a file, not a folder";
        }
        return new UncheckedIOException("Cannot " + action + " " + file + ": " + reason, e);
    }
}
