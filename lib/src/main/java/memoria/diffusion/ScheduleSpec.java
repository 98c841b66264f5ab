package memoria.diffusion;

import com.google.gson.JsonObject;

/** Rebuilds schedules from what {@link NoiseSchedule#spec} wrote. */
final class ScheduleSpec {

    private ScheduleSpec() {}

    static NoiseSchedule read(JsonObject spec) {
        String kind = Spec.text(spec, "kind");
        return switch (kind) {
            case "respaced" ->
                    NoiseSchedule.of(Spec.object(spec, "of"))
                            .respaced(Spec.integers(spec, "indices"));
            case "endingAtFirst" ->
                    NoiseSchedule.of(Spec.object(spec, "schedule"))
                            .endingAtFirstOf(NoiseSchedule.of(Spec.object(spec, "of")));
            case "betas" -> NoiseSchedule.of(Spec.numbers(spec, "betas"));
            case "cosine" -> NoiseSchedule.cosine(Spec.integer(spec, "steps"));
            case "linear" ->
                    NoiseSchedule.linear(
                            Spec.integer(spec, "steps"),
                            Spec.number(spec, "first"),
                            Spec.number(spec, "last"));
            case "scaledLinear" ->
                    NoiseSchedule.scaledLinear(
                            Spec.integer(spec, "steps"),
                            Spec.number(spec, "first"),
                            Spec.number(spec, "last"));
            case "continuousVp" ->
                    NoiseSchedule.continuousVp(
                            Spec.number(spec, "betaMin"),
                            Spec.number(spec, "betaMax"),
                            Spec.integer(spec, "steps"));
            default ->
                    throw new IllegalArgumentException(
                            "spec: kind '"
                                    + kind
                                    + "' is not one of linear, scaledLinear, cosine, continuousVp, betas, respaced, endingAtFirst");
        };
    }
}
