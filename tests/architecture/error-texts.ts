/**
 * Finds what the errors of the daemon say: every text that reaches `message`, `detail` or `remedy` of a `KojiboxError`, also through
 * constants, conditions, arrays and the parameters of the functions that make the error.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

export interface ErrorText {
  /** Text with a placeholder where a value goes. */
  readonly text: string;
  /** `path:line` */
  readonly at: string;
}

/** Where a value goes. */
export const VALUE = 'v4lue';
const MADE_ELSEWHERE = /^(?:say|notLocal|listOf|about|asIs)/;
const PARTS = ['detail', 'remedy'];
/** Parameters that carry a sentence; others carry names and paths, which are the same in every language. */
const SENTENCE_NAMES =
  /^(?:what|detail|details|remedy|reason|problem|problems|message|text|why|how|state|cure|failure|title|outcome|wrong|trouble|hint|evidence|help|pages|use|missing|said)$/;
/** At least three words of a language. */
const WORDS = /[a-z]{2,}[, ]+[a-z"]{1,}/;

/** @param folders relative to the root; tests and test doubles in them are left out */
export function errorTexts(root: string, folders: readonly string[]): ErrorText[] {
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !name.includes('testing'))
      .map((name) => join(folder, name)),
  );
  const sources = files.map((file) =>
    ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest, true),
  );
  return new Finder(sources).all();
}

class Finder {
  readonly #calls = new Map<string, (ts.CallExpression | ts.NewExpression)[]>();
  readonly #found = new Map<string, ErrorText>();
  readonly #seen = new Set<ts.Node>();

  constructor(sources: readonly ts.SourceFile[]) {
    for (const source of sources)
      visit(source, (node) => {
        if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return;
        const name = ts.isPropertyAccessExpression(node.expression)
          ? node.expression.name.text
          : node.expression.getText();
        this.#calls.set(name, [...(this.#calls.get(name) ?? []), node]);
      });
  }

  all(): ErrorText[] {
    for (const made of this.#calls.get('KojiboxError') ?? []) {
      const [, message, options] = made.arguments ?? [];
      if (message !== undefined) this.#resolve(message);
      if (options !== undefined && ts.isObjectLiteralExpression(options)) this.#options(options);
    }
    return [...this.#found.values()];
  }

  #options(options: ts.ObjectLiteralExpression): void {
    for (const property of options.properties) {
      if (ts.isPropertyAssignment(property) && PARTS.includes(property.name.getText()))
        this.#resolve(property.initializer);
      if (ts.isShorthandPropertyAssignment(property) && PARTS.includes(property.name.text))
        this.#resolve(property.name);
      // `...(remedy === undefined ? {} : { remedy })`
      if (ts.isSpreadAssignment(property))
        visit(property, (node) => {
          if (ts.isObjectLiteralExpression(node)) this.#options(node);
        });
    }
  }

  #resolve(node: ts.Node): void {
    if (this.#seen.has(node)) return;
    this.#seen.add(node);
    if (ts.isStringLiteralLike(node)) return this.#keep(node, node.text);
    if (ts.isTemplateExpression(node)) return this.#template(node);
    if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isNonNullExpression(node))
      return this.#resolve(node.expression);
    if (ts.isConditionalExpression(node)) {
      this.#resolve(node.whenTrue);
      this.#resolve(node.whenFalse);
    } else if (ts.isBinaryExpression(node)) {
      this.#resolve(node.left);
      this.#resolve(node.right);
    } else if (ts.isArrayLiteralExpression(node)) node.elements.forEach((element) => this.#resolve(element));
    else if (ts.isElementAccessExpression(node)) this.#resolve(node.expression);
    else if (ts.isIdentifier(node)) this.#name(node);
    else if (ts.isCallExpression(node)) this.#call(node);
  }

  #template(node: ts.TemplateExpression): void {
    const parts = node.templateSpans.map(({ expression, literal }) => {
      this.#resolve(expression);
      return `${VALUE}${literal.text}`;
    });
    this.#keep(node, node.head.text + parts.join(''));
  }

  /** The results of a function of ours, and the text that a method such as `replace` works on. */
  #call(node: ts.CallExpression): void {
    const callee = node.expression;
    if (ts.isPropertyAccessExpression(callee)) return this.#resolve(callee.expression);
    if (!ts.isIdentifier(callee) || MADE_ELSEWHERE.test(callee.text)) return;
    const declared = declarationOf(callee);
    if (declared === null || !('body' in declared) || declared.body === undefined) return;
    const body = declared.body as ts.Node;
    if (!ts.isBlock(body)) return this.#resolve(body);
    visit(body, (inner) => {
      if (ts.isReturnStatement(inner) && inner.expression !== undefined) this.#resolve(inner.expression);
    });
  }

  #name(node: ts.Identifier): void {
    const declared = declarationOf(node);
    if (declared === null) return;
    if (ts.isVariableDeclaration(declared)) {
      if (declared.initializer !== undefined) this.#resolve(declared.initializer);
      return;
    }
    if (!ts.isParameter(declared) || !SENTENCE_NAMES.test(node.text)) return;
    if (declared.initializer !== undefined) this.#resolve(declared.initializer);
    const made = declared.parent;
    const index = made.parameters.indexOf(declared);
    const name = nameOf(made);
    for (const call of this.#calls.get(name) ?? []) {
      const argument = call.arguments?.[index];
      if (argument !== undefined) this.#resolve(argument);
    }
  }

  #keep(node: ts.Node, text: string): void {
    if (!WORDS.test(text.replaceAll(VALUE, ''))) return;
    const source = node.getSourceFile();
    const { line } = source.getLineAndCharacterOfPosition(node.getStart());
    if (!this.#found.has(text)) this.#found.set(text, { text, at: `${source.fileName}:${line + 1}` });
  }
}

function visit(node: ts.Node, look: (node: ts.Node) => void): void {
  look(node);
  node.forEachChild((child) => {
    visit(child, look);
  });
}

const nameOf = (made: ts.SignatureDeclaration): string => {
  if (made.name !== undefined) return made.name.getText();
  const { parent } = made;
  return ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) ? parent.name.getText() : '';
};

/** The nearest declaration of the name in the same file, outwards. */
function declarationOf(
  name: ts.Identifier,
): ts.ParameterDeclaration | ts.VariableDeclaration | ts.SignatureDeclaration | null {
  for (let scope: ts.Node = name.parent; scope !== undefined; scope = scope.parent) {
    if (ts.isFunctionLike(scope)) {
      const parameter = scope.parameters.find((one) => one.name.getText() === name.text);
      if (parameter !== undefined) return parameter;
    }
    if (!ts.isBlock(scope) && !ts.isSourceFile(scope)) continue;
    for (const statement of scope.statements) {
      if (ts.isFunctionDeclaration(statement) && statement.name?.text === name.text) return statement;
      if (!ts.isVariableStatement(statement)) continue;
      const variable = statement.declarationList.declarations.find((one) => one.name.getText() === name.text);
      if (variable === undefined) continue;
      const made = variable.initializer;
      return made !== undefined && ts.isArrowFunction(made) ? made : variable;
    }
  }
  return null;
}
