/** Reads a Parquet file back exactly: the reader's own decimals are floating point, so they are made from their bytes. */
import { type FileMetaData, parquetMetadata, parquetReadObjects, type SchemaElement } from "hyparquet";
import { formatDecimal } from "../../src/domain/decimal.ts";

export type ReadRow = Record<string, string | number | bigint | boolean | null>;

/** The rows: integers as big integers, times as texts, decimals as texts with all their digits. */
export async function readParquet(
  bytes: Uint8Array,
): Promise<{ readonly rows: readonly ReadRow[]; readonly metadata: FileMetaData }> {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  const metadata = parquetMetadata(file);
  const scales = new Map<string, number>();
  const plain = metadata.schema.map((element): SchemaElement => {
    if (element.converted_type !== "DECIMAL") return element;
    scales.set(element.name, element.scale!);
    const { converted_type: _, logical_type: __, ...rest } = element;
    return rest;
  });
  const metadataRead = { ...metadata, schema: plain, row_groups: withoutStatistics(metadata) };
  const found = await parquetReadObjects({ file, metadata: metadataRead, utf8: false });
  const rows = found.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, told(value, scales.get(name))])),
  );
  return { rows, metadata };
}

/** Those of decimals cannot be understood once their columns are plain bytes. */
function withoutStatistics({ row_groups }: FileMetaData): FileMetaData["row_groups"] {
  return row_groups.map((group) => ({
    ...group,
    columns: group.columns.map((column) => ({
      ...column,
      ...(column.meta_data && { meta_data: { ...column.meta_data, statistics: undefined } }),
    })),
  })) as FileMetaData["row_groups"];
}

function told(value: unknown, scale: number | undefined): ReadRow[string] {
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array && scale !== undefined) return decimalText(value, scale);
  return (value ?? null) as ReadRow[string];
}

/** Two's complement, the most significant byte first. */
function decimalText(bytes: Uint8Array, scale: number): string {
  const units = BigInt.asIntN(8 * bytes.length, BigInt(`0x${Buffer.from(bytes).toString("hex")}`));
  if (Number.isSafeInteger(Number(units))) return formatDecimal(Number(units), scale);
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, "0");
  return `${units < 0n ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
