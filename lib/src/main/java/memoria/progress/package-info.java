/**
 * Progress and interruption of long loops: training, sampling, estimation, search, downloads.
 *
 * <p>A loop reports through {@link memoria.progress.Progress} and asks there whether it should stop. It does not know who shows the
 * progress: a notebook registers itself as a {@link memoria.progress.Progress.Sink}, otherwise a line on the console does.
 */
package memoria.progress;
