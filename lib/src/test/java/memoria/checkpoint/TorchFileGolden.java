package memoria.checkpoint;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import java.util.Map;
import memoria.golden.GoldenCase;
import memoria.golden.GoldenFamily;

/** {@code awkward_pt}: a checkpoint of many types, views and shared storages. */
public final class TorchFileGolden implements GoldenFamily {

    @Override
    public boolean serves(String caseName) {
        return caseName.equals("awkward_pt");
    }

    @Override
    public void compare(GoldenCase golden) {
        Map<String, NDArray> ours =
                TorchFile.read(golden.beside("awkward.state_dict.pt")).tensors(golden.manager());
        for (String tensor : golden.names()) {
            NDArray value = ours.get(tensor);
            if (value != null) {
                boolean whole = value.getDataType().isInteger() || value.getDataType().isBoolean();
                golden.check(
                        tensor,
                        whole && value.getDataType() != DataType.INT64
                                ? value.toType(DataType.INT64, true)
                                : value);
            }
        }
    }
}
