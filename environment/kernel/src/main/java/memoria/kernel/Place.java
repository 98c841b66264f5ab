package memoria.kernel;

/**
 * Where a snippet stands in the reader's cells.
 *
 * @param cell the cell's name, such as {@code cell 3}
 * @param firstLine the line of the cell, from 1, on which the snippet begins
 * @param source the snippet as the reader wrote it
 */
record Place(String cell, int firstLine, String source) {
    /** Names line {@code line} (from 1) of the snippet in terms of its cell. */
    String line(int line) {
        return cell + ", line " + (firstLine + line - 1);
    }

    /** Returns the text of line {@code line} (from 1) of the snippet, empty where there is none. */
    String text(int line) {
        return source.lines().skip(Math.max(0, line - 1L)).findFirst().orElse("").strip();
    }
}
