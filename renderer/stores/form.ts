/** Sends a form: what the daemon refuses stands at the field that it is about, or below the form, and nothing covers the buttons. */
import { ref, watch, type Ref } from 'vue';
import type { KojiboxError } from '../../contract/errors.ts';
import type { InputOf, OperationName, OutputOf } from '../../contract/index.ts';
import { errorText, fieldErrorText, type SaidError } from '../locales/said.ts';
import { useStack } from './stack.ts';

export interface Form<F extends string> {
  readonly busy: Ref<boolean>;
  /** By field; empty where nothing is wrong. */
  readonly errors: Ref<Record<F, string>>;
  /** What is about no field of the form. */
  readonly failure: Ref<SaidError | null>;
  /** Calls the operation; null when it was refused, which the form then shows. */
  send<N extends OperationName>(name: N, params: InputOf<N>): Promise<OutputOf<N> | null>;
  /** Marks fields; true when none of them has an error. */
  check(found: Partial<Record<F, string>>): boolean;
  /** Shows an error of an operation that was called in another way. */
  show(error: KojiboxError): void;
}

/**
 * @param values what the fields hold, by parameter of the operation; a parameter below one, such as `ports.0.port`, counts as it. An error is
 *   about the value that was sent, so it goes when the value changes.
 */
export function useForm<F extends string>(values: Readonly<Record<F, () => unknown>>): Form<F> {
  const stack = useStack();
  const fields = Object.keys(values) as F[];
  const none = (): Record<F, string> => Object.fromEntries(fields.map((field) => [field, ''])) as Record<F, string>;
  const busy = ref(false);
  const errors = ref(none()) as Ref<Record<F, string>>;
  const failure = ref<SaidError | null>(null);

  function show(error: KojiboxError): void {
    const field = fields.find((name) => error.field === name || error.field?.startsWith(`${name}.`) === true);
    if (field === undefined) failure.value = errorText(error);
    else errors.value = { ...errors.value, [field]: fieldErrorText(error) };
  }

  for (const field of fields)
    watch(values[field], () => {
      errors.value = { ...errors.value, [field]: '' };
    });

  return {
    busy,
    errors,
    failure,
    show,
    check(found) {
      failure.value = null;
      errors.value = { ...none(), ...found };
      return Object.values(errors.value).every((text) => text === '');
    },
    async send(name, params) {
      busy.value = true;
      failure.value = null;
      errors.value = none();
      const { result, error } = await stack.attempt(name, params);
      busy.value = false;
      if (error !== null) show(error);
      return result;
    },
  };
}
