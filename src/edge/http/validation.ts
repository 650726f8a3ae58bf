/**
 * From zod to compiled checks, and from a failed check to words that a client understands. Ajv is told to
 * leave what it checks alone: by default it would turn "1" into 1 and drop the fields that it does not know.
 */
import type { FastifyRequest, FastifySchemaValidationError } from "fastify";
import { z } from "zod";
import { type FieldFault, malformed, type Refusal } from "../problems.ts";
import { PATTERN_WORDS } from "./schemas.ts";

/** Options of the validators that Fastify compiles. */
export const AJV_OPTIONS = {
  coerceTypes: false,
  removeAdditional: false,
  useDefaults: false,
  allErrors: false,
  /** Only a failed check pays for it: the words depend on what was sent. */
  verbose: true,
  keywords: ["example"],
};

export type JsonSchema = { [keyword: string]: unknown };

/** The JSON Schema of a description, in the dialect that OpenAPI 3.0, Ajv and the serializer share. */
export function jsonSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
    target: "openapi-3.0",
    io: "input",
    override: ({ jsonSchema: made }) => {
      // OpenAPI's `nullable` alone does not let null pass an enumeration.
      if (made.nullable === true && made.enum?.includes(null) === false) made.enum = [...made.enum, null];
      if (made.type === "integer" && made.maximum === Number.MAX_SAFE_INTEGER) {
        delete made.maximum;
        delete made.minimum;
      }
    },
  }) as JsonSchema;
}

/** What a failed check means to the client. */
export function faultOf(error: FastifySchemaValidationError): FieldFault {
  const { keyword, params } = error;
  const place = pathOf(error.instancePath);
  switch (keyword) {
    case "additionalProperties":
      return { path: inside(place, String(params.additionalProperty)), message: "is not a known field" };
    case "required":
      return { path: inside(place, String(params.missingProperty)), message: "is required" };
    case "enum":
      return { path: place, message: `must be one of ${wordsOf(params.allowedValues)}` };
    case "minItems":
      return { path: place, message: `must have at least ${params.limit}` };
    case "maxItems":
      return { path: place, message: `must have at most ${params.limit}` };
    case "uniqueItems":
      return { path: place, message: "must not name anything twice" };
    default:
      return { path: place, message: messageOf(error) };
  }
}

/** What is wrong with a value, or undefined if it is as described. */
export type Check = (value: unknown) => FieldFault | undefined;

/**
 * A check by a description, for what is not the whole body of a request of its own. It is compiled with the
 * first request of a route that needs it, as a body's is, and kept.
 */
export function compiledCheck(request: FastifyRequest, schema: JsonSchema): Check {
  const validate = request.compileValidationSchema(schema);
  return (value) => {
    if (validate(value)) return undefined;
    return faultOf(validate.errors![0] as unknown as FastifySchemaValidationError);
  };
}

/** The refusal of a body with this fault. */
export function malformedBody({ path, message }: FieldFault): Refusal {
  return malformed(path, path === "" ? `body ${message}` : message);
}

type Verbose = { readonly data?: unknown; readonly parentSchema?: JsonSchema };

function messageOf(error: FastifySchemaValidationError): string {
  const { data, parentSchema } = error as Verbose;
  const expected = PATTERN_WORDS.get(parentSchema?.pattern);
  if (error.keyword === "type" && Array.isArray(data)) {
    return error.instancePath !== "" && expected === undefined && parentSchema?.type === "string"
      ? "may be given only once"
      : `must be ${named(parentSchema?.type)}, not an array`;
  }
  if (expected !== undefined) return typeof data === "number" ? `${expected}, not a JSON number` : expected;
  if (error.keyword === "type") return `must be ${named(parentSchema?.type)}`;
  if (error.keyword === "anyOf") {
    const forms = parentSchema?.anyOf as readonly JsonSchema[];
    return `must be ${forms.map(({ type }) => named(type)).join(" or ")}`;
  }
  return error.message ?? "is malformed";
}

function named(type: unknown): string {
  if (type === "object") return "a JSON object";
  if (type === "integer") return "a whole number";
  return type === "array" ? "an array" : `a ${type}`;
}

function wordsOf(values: unknown): string {
  return (values as readonly unknown[]).filter((value) => value !== null).join(", ");
}

/** A JSON pointer as clients write it: `/orders/0/price` is `orders[0].price`. */
function pathOf(pointer: string): string {
  let path = "";
  for (const step of pointer.split("/").slice(1)) {
    const name = step.replaceAll("~1", "/").replaceAll("~0", "~");
    path = /^[0-9]+$/.test(name) ? `${path}[${name}]` : inside(path, name);
  }
  return path;
}

function inside(place: string, name: string): string {
  return place === "" ? name : `${place}.${name}`;
}
