/**
 * What a notebook shows: charts and image grids in one style, tables, claims with their verdicts, parameters, progress.
 *
 * <p>Everything starts at {@link memoria.notebook.Show}. It works from library code on any Java kernel for Jupyter that it knows, found by
 * reflection, and prints plain text where there is none. A verb of {@code Show} either shows something and returns nothing, or returns a
 * picture to be refined whose last verb is {@code show()}.
 */
package memoria.notebook;
