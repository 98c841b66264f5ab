/** Models by name: checkpoints that rebuild themselves, with the images they were trained on. */
package memoria.models;
