package memoria.notebook;

/** Text inside HTML. */
final class Html {

    private Html() {}

    /**
     * Text as it must stand between tags or inside a quoted attribute.
     *
     * @param text any text
     * @return the text with its special characters escaped
     */
    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
