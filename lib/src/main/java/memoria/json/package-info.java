/**
 * JSON, in calls that every Gson from 2.8.5 on has: IJava puts its own 2.8.5 before the one that the library was built with.
 *
 * <p>Newer calls ({@code JsonParser.parseString}, {@code asList}, {@code asMap}, {@code isEmpty}, {@code Strictness}) are forbidden in
 * {@code forbidden-apis.txt}, and that version cannot read records: {@link memoria.json.JsonRecord} can.
 */
package memoria.json;
