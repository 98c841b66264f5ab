package memoria.parquet;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.metadata.ColumnPath;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.DecimalLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.EnumLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.IntLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.JsonLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.ListLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.StringLogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.Type;

/** The columns of a file that become texts or bytes, and their values in one row. */
final class Columns {

    private static final String BYTES = "bytes";

    /** What one row holds, by the names of the columns. */
    record Row(Map<String, List<String>> texts, Map<String, byte[]> bytes) {}

    private final MessageType schema;
    private final Map<ColumnPath, Boolean> lists = new HashMap<>();

    /**
     * Chooses columns.
     *
     * @param all the file's
     */
    Columns(MessageType all) {
        List<Type> chosen = new ArrayList<>();
        for (Type field : all.getFields()) {
            if (isText(field) || isBytes(field) && !field.isRepetition(Type.Repetition.REPEATED)) {
                chosen.add(field);
            } else if (isList(field)) {
                chosen.add(field);
            } else if (isFile(field)) {
                GroupType struct = field.asGroupType();
                chosen.add(struct.withNewFields(struct.getType(BYTES)));
            }
        }
        schema = new MessageType(all.getName(), chosen);
        schema.getColumns()
                .forEach(
                        column ->
                                lists.put(
                                        ColumnPath.get(column.getPath()),
                                        column.getMaxRepetitionLevel() > 0));
    }

    MessageType schema() {
        return schema;
    }

    boolean has(ColumnPath column) {
        return lists.containsKey(column);
    }

    boolean isList(ColumnPath column) {
        return lists.get(column);
    }

    /** A list of texts: a group of repeated values, or as is usual of repeated groups of one value. */
    private static boolean isList(Type field) {
        if (field.isPrimitive()
                || !(field.getLogicalTypeAnnotation() instanceof ListLogicalTypeAnnotation)
                || field.isRepetition(Type.Repetition.REPEATED)
                || field.asGroupType().getFieldCount() != 1) {
            return false;
        }
        Type element = field.asGroupType().getType(0);
        if (!element.isPrimitive() && element.asGroupType().getFieldCount() == 1) {
            element = element.asGroupType().getType(0);
            return isText(element) && !element.isRepetition(Type.Repetition.REPEATED);
        }
        return isText(element);
    }

    /** A struct such as Hugging Face's {@code {bytes, path}}. */
    private static boolean isFile(Type field) {
        return !field.isPrimitive()
                && !field.isRepetition(Type.Repetition.REPEATED)
                && field.asGroupType().containsField(BYTES)
                && isBytes(field.asGroupType().getType(BYTES))
                && !field.asGroupType().getType(BYTES).isRepetition(Type.Repetition.REPEATED);
    }

    private static boolean isBytes(Type field) {
        if (!field.isPrimitive() || field.getLogicalTypeAnnotation() != null) {
            return false;
        }
        return switch (field.asPrimitiveType().getPrimitiveTypeName()) {
            case BINARY, FIXED_LEN_BYTE_ARRAY -> true;
            default -> false;
        };
    }

    /** Dates, times and identifiers are neither texts nor numbers. */
    private static boolean isText(Type field) {
        if (!field.isPrimitive()) {
            return false;
        }
        LogicalTypeAnnotation means = field.getLogicalTypeAnnotation();
        boolean decimal = means instanceof DecimalLogicalTypeAnnotation;
        return switch (field.asPrimitiveType().getPrimitiveTypeName()) {
            case BOOLEAN, FLOAT, DOUBLE -> true;
            case INT32, INT64 ->
                    means == null || decimal || means instanceof IntLogicalTypeAnnotation;
            case BINARY ->
                    decimal
                            || means instanceof StringLogicalTypeAnnotation
                            || means instanceof EnumLogicalTypeAnnotation
                            || means instanceof JsonLogicalTypeAnnotation;
            case FIXED_LEN_BYTE_ARRAY -> decimal;
            case INT96 -> false;
        };
    }

    /**
     * Takes the values of a row.
     *
     * @param record the row, of {@link #schema()}
     * @return what is there
     * @throws CharacterCodingException if a text is not UTF-8
     */
    Row row(Group record) throws CharacterCodingException {
        Row row = new Row(new LinkedHashMap<>(), new LinkedHashMap<>());
        for (int i = 0; i < schema.getFieldCount(); i++) {
            String name = schema.getFieldName(i);
            List<String> texts = new ArrayList<>();
            take(record, i, name, texts, row.bytes());
            if (!texts.isEmpty()) {
                row.texts().put(name, texts);
            }
        }
        return row;
    }

    private static void take(
            Group group, int field, String name, List<String> texts, Map<String, byte[]> bytes)
            throws CharacterCodingException {
        Type type = group.getType().getType(field);
        for (int k = 0; k < group.getFieldRepetitionCount(field); k++) {
            if (!type.isPrimitive()) {
                Group inner = group.getGroup(field, k);
                for (int i = 0; i < inner.getType().getFieldCount(); i++) {
                    take(inner, i, name, texts, bytes);
                }
            } else if (isText(type)) {
                texts.add(text(type.asPrimitiveType(), group, field, k));
            } else {
                bytes.put(name, group.getBinary(field, k).getBytes());
            }
        }
    }

    private static String text(PrimitiveType type, Group group, int field, int k)
            throws CharacterCodingException {
        LogicalTypeAnnotation means = type.getLogicalTypeAnnotation();
        if (means instanceof DecimalLogicalTypeAnnotation decimal) {
            BigInteger unscaled =
                    switch (type.getPrimitiveTypeName()) {
                        case INT32 -> BigInteger.valueOf(group.getInteger(field, k));
                        case INT64 -> BigInteger.valueOf(group.getLong(field, k));
                        default -> new BigInteger(group.getBinary(field, k).getBytes());
                    };
            return new BigDecimal(unscaled, decimal.getScale()).toString();
        }
        boolean unsigned = means instanceof IntLogicalTypeAnnotation number && !number.isSigned();
        return switch (type.getPrimitiveTypeName()) {
            case INT32 -> {
                int value = group.getInteger(field, k);
                yield unsigned ? Integer.toUnsignedString(value) : Integer.toString(value);
            }
            case INT64 -> {
                long value = group.getLong(field, k);
                yield unsigned ? Long.toUnsignedString(value) : Long.toString(value);
            }
            case BOOLEAN -> Boolean.toString(group.getBoolean(field, k));
            case FLOAT -> Float.toString(group.getFloat(field, k));
            case DOUBLE -> Double.toString(group.getDouble(field, k));
            default ->
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(ByteBuffer.wrap(group.getBinary(field, k).getBytes()))
                            .toString();
        };
    }
}
