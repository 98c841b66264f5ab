/**
 * Results that are expensive once and cheap afterwards. A {@link memoria.artifact.Work} says in JSON what it makes and cuts itself into
 * shards; a {@link memoria.artifact.Store} keeps finished shards under the hash of that JSON, makes what is missing, and joins with stores
 * that other machines filled.
 */
package memoria.artifact;
