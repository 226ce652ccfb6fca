// What is wrong with a file, in one sentence for whoever dropped it.
export class Refusal extends Error {}

// Whatever a reader fails by on damaged bytes becomes a sentence.
export function inOneSentence(name, read) {
  try {
    return read();
  } catch (error) {
    if (error instanceof Refusal) throw error;
    const ending = name.slice(name.lastIndexOf(".") + 1).toUpperCase();
    throw new Refusal(`${name}: damaged, truncated or no ${ending} file (${error.message})`);
  }
}
