/** What a template may insert: everything else has no one way to write it. */
type Insertable = string | number | bigint | boolean | Date;

/** Stands for a part that a value does not have. */
interface Missing {
  readonly missing: never;
}

/** Of what may be anything the types cannot tell. */
type Member<Value, Name extends string> = unknown extends Value
  ? unknown
  : Name extends keyof NonNullable<Value>
    ? NonNullable<Value>[Name] | Extract<Value, null | undefined>
    : NonNullable<Value> extends readonly (infer Item)[]
      ? ItemAt<NonNullable<Value>, Item, Name>
      : Missing;

/** A list of unknown length has any index; one of known length was asked by its names before. */
type ItemAt<List extends readonly unknown[], Item, Name> = Name extends `${bigint}`
  ? number extends List['length']
    ? Item
    : Missing
  : Missing;

type PartAt<Value, Path extends string> = Path extends `${infer Head}.${infer Rest}`
  ? PartAt<Member<Value, Head>, Rest>
  : Member<Value, Path>;

type FaultOf<Part, Path extends string> = unknown extends Part
  ? never
  : Part extends Missing
    ? `{${Path}} names no argument of this method`
    : Part extends Insertable
      ? never
      : `{${Path}} may be something else than a string, number, bigint, boolean or Date`;

/** One sentence for each placeholder that the arguments have nothing for; `never` when there is none. */
export type TemplateFaults<Template extends string, Args> = string extends Template
  ? never
  : Template extends `${string}{${infer Path}}${infer Rest}`
    ? FaultOf<PartAt<Args, Path>, Path> | TemplateFaults<Rest, Args>
    : never;

/** The template itself, or what is wrong with it. */
export type CheckedTemplate<Template extends string, Args> = [TemplateFaults<Template, Args>] extends [never]
  ? Template
  : TemplateFaults<Template, Args>;
